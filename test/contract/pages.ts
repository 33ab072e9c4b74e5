export interface SegmentRead {
  /** @default 0 */
  readonly segment?: number;
  /** @default 1 */
  readonly segments?: number;
  readonly limit: number;
}

/** A page of one segment of a table. */
export interface ScannedPage<Item> {
  readonly items: readonly Item[];
  readonly cursor: string | undefined;
}

/** All pages of a segment; a test may act between two pages. */
export async function pagesOf<Item>(
  scan: (segment: number, segments: number, after: string | undefined, limit: number) => Promise<ScannedPage<Item>>,
  { segment = 0, segments = 1, limit }: SegmentRead,
  between: () => Promise<unknown> = async () => {},
): Promise<readonly (readonly Item[])[]> {
  const pages: (readonly Item[])[] = [];
  let cursor: string | undefined;
  do {
    const page = await scan(segment, segments, cursor, limit);
    pages.push(page.items);
    cursor = page.cursor;
    if (cursor !== undefined) await between();
  } while (cursor !== undefined);
  return pages;
}

/** The items of each segment. */
export async function segmentsOf<Item>(
  read: (of: SegmentRead) => Promise<readonly (readonly Item[])[]>,
  segments: number,
  limit: number,
): Promise<readonly (readonly Item[])[]> {
  const bySegment = Array.from({ length: segments }, (_, segment) => read({ segment, segments, limit }));
  return (await Promise.all(bySegment)).map((pages) => pages.flat());
}
