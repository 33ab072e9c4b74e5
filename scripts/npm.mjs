// Plain JavaScript, because scripts/run.mjs uses it before there is a Node that runs TypeScript.
import { basename } from 'node:path';

/** Where a command is started. */
const HERE = { platform: process.platform, node: process.execPath, npm: process.env.npm_execpath };

/**
 * How to start npm. On Windows `npm` is a batch file, which only a shell starts, and a shell splits a path with a space.
 * So npm's script is run by Node if npm has started this process and named it; otherwise a shell gets quoted arguments.
 * @returns {{ command: string, args: string[], shell: boolean }} what `spawn` takes
 */
export function npmCommand(/** @type {readonly string[]} */ args, { platform, node, npm } = HERE) {
  if (platform !== 'win32') return { command: 'npm', args: [...args], shell: false };
  if (npm !== undefined && /^npm-cli\.[cm]?js$/.test(basename(npm.replaceAll('\\', '/'))))
    return { command: node, args: [npm, ...args], shell: false };
  return { command: 'npm', args: args.map((arg) => (/[^\w@:=.,/\\-]/.test(arg) ? `"${arg}"` : arg)), shell: true };
}
