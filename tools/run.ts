import { spawn } from 'node:child_process';

interface RunOptions {
  /** @default that of this process */
  readonly env?: NodeJS.ProcessEnv;
  /** @default that of this process */
  readonly cwd?: string;
  /** Stops the command. */
  readonly signal?: AbortSignal;
  /** Runs the command in a shell, which Windows needs for npm. @default false */
  readonly shell?: boolean;
}

/** Runs a command to its end. @returns its standard output @throws Error with everything that it printed, if it fails */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    let said = '';
    const collect = (text: string) => {
      said += text;
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      collect(text);
    });
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0
        ? resolve(printed)
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${said}`)),
    );
  });
}
