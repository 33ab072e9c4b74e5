/**
 * Forms that were released, and that today's code neither reads nor writes: why none of them can be met any more. Their samples
 * stay in the folders of the versions that had them.
 */
export const retired: Readonly<Record<string, string>> = {};
