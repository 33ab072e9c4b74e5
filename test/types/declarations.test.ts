import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkPackage } from '../link-package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  skipLibCheck: true,
};

function messagesOf(diagnostics: readonly ts.Diagnostic[]): readonly string[] {
  return diagnostics.map(({ file, start = 0, messageText }) => {
    const at = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ` : '';
    return `${at}${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

// A team whose packages import its domain by its declarations: `declaration: true`, and only the entry points can be named.
describe('the declarations of a domain', { timeout: 300_000 }, () => {
  let folder: string;
  let declarations = '';

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'meridian-declarations-')));
    linkPackage(folder, ['zod', 'vitest', '@types']);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'a-shop.ts'), readFileSync(join(root, 'test/types/a-shop.ts')));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are written, and name nothing but entry points and zod', () => {
    const program = ts.createProgram([join(folder, 'a-shop.ts')], {
      ...options,
      declaration: true,
      emitDeclarationOnly: true,
    });
    const source = program.getSourceFile(join(folder, 'a-shop.ts'));
    const { diagnostics } = program.emit(source, (_file, text) => {
      declarations = text;
    });
    expect(messagesOf([...ts.getPreEmitDiagnostics(program, source), ...diagnostics])).toEqual([]);
    const named = [...declarations.matchAll(/(?:from |import\()["']([^"']+)["']/g)].map(([, specifier]) => specifier);
    expect(new Set(named)).toEqual(new Set(['@meridian-es/meridian', 'zod']));
  });

  it('have all types of the definitions', () => {
    rmSync(join(folder, 'a-shop.ts'));
    writeFileSync(join(folder, 'a-shop.d.ts'), declarations);
    const files = ['definitions', 'testing-kit'].map((name) => {
      const file = join(folder, `${name}.ts`);
      const text = readFileSync(join(root, `test/types/${name}.test-d.ts`), 'utf8');
      writeFileSync(file, text.replace("'./a-shop.ts'", "'./a-shop.js'"));
      return file;
    });
    const program = ts.createProgram(files, { ...options, noEmit: true, allowImportingTsExtensions: true });
    const faults = files.flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(messagesOf(faults)).toEqual([]);
  });
});
