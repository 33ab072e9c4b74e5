/**
 * Released forms that the current code neither reads nor writes, with the reason why none can occur any more. Their
 * samples stay in the folders of the versions that had them.
 */
export const retired: Readonly<Record<string, string>> = {};
