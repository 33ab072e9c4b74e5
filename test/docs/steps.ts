/** The steps of a page. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'change'; readonly path: string; readonly diff: readonly string[] }
  | { readonly kind: 'run'; readonly command: string; readonly output: readonly string[] };

/**
 * The code blocks of a page, in order. The block of a file follows its path; the block of a diff follows a text that
 * ends with the path.
 */
export function stepsOf(page: string): readonly Step[] {
  let file = '';
  const blocks = page.matchAll(/`([\w./-]+\.\w+)`:\n|```(\w*)\n([\s\S]*?)\n```/g);
  return [...blocks].flatMap(([, path, language, text = '']): readonly Step[] => {
    if (path !== undefined) {
      file = path;
      return [];
    }
    if (language === 'ts') return [{ kind: 'write', path: file, text: `${text}\n` }];
    if (language === 'diff') return [{ kind: 'change', path: file, diff: text.split('\n') }];
    return text.split(/^\$ /m).flatMap((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return command === '' ? [] : { kind: 'run', command, output };
    });
  });
}

/** The sections of a page: the text below each heading of the second level. */
export function sectionsOf(page: string): readonly { readonly title: string; readonly text: string }[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = ''] = section.split('\n', 1);
      return { title, text: section.slice(title.length) };
    });
}
