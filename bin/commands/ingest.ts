import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { briefWithout } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { fileErrorOf } from '../file-error.ts';
import { type Counts, type Fault, ingestLines } from '../ingest/ingest.ts';
import { envelopesOnly, NO_ENVELOPES, readLines } from '../ingest/lines.ts';
import { countOf, sayJson, sayNote, sayText } from '../output.ts';
import { type RegionOptions, regionCommand, withRegion } from '../region-command.ts';

interface IngestFileOptions extends RegionOptions {
  readonly force?: boolean;
}

/** `meridian ingest` */
export function addIngest(program: Command): void {
  regionCommand(program, 'ingest', 'send envelopes of events or commands to a Region, one JSON object per line')
    .argument('<file>', 'the file; `-` reads standard input')
    .option('--force', 'quarantine unreadable lines, even if the file does not start with envelopes')
    .addHelpText(
      'after',
      `
Every line needs an id, so that ingesting a file again changes nothing:
  {"id":"a1","stream":"flight/2001-01-01.LAX-BNA.1","events":[{"type":"Arrived","data":{"airport":"BNA","delay":-18}}]}
  {"id":"a2","stream":"seats/2001-01-01.LAX-BNA.1","command":"reserve","input":{"passenger":"me"}}
`,
    )
    .action((file: string, options: IngestFileOptions) =>
      withRegion(options, (region) => ingestFile(region, file, options)),
    );
}

async function ingestFile(
  region: Region,
  file: string,
  { json = false, force = false }: IngestFileOptions,
): Promise<void> {
  const { source, bytes } = await open(file);
  const counts: Counts = { accepted: 0, rejected: 0, quarantined: 0 };
  const begun = performance.now();
  const stop = new AbortController();
  const interrupt = () => {
    stop.abort();
    source.destroy();
    // One Ctrl-C may arrive as two signals, from the terminal and from the parent process. A later signal ends the
    // process at once.
    process.on('SIGINT', pass);
    setTimeout(() => process.removeListener('SIGINT', pass), ONE_CTRL_C_MS).unref();
  };
  process.once('SIGINT', interrupt);

  let read = 0;
  const bar = progressBar(bytes);
  const show = () => bar?.update(Math.min(read, bytes ?? read), { ...counts });
  const measured = async function* () {
    for await (const chunk of source) {
      read += chunk.length;
      yield chunk;
    }
  };
  try {
    const lines = readLines(measured());
    await ingestLines(region, force ? lines : envelopesOnly(lines), counts, {
      onFault: (fault) => {
        // Printed above the progress bar, which is then redrawn.
        if (bar) process.stderr.write('\r\u001b[K');
        sayNote(json ? JSON.stringify(fault) : textOfFault(fault));
      },
      onProgress: show,
      signal: stop.signal,
    });
  } catch (error) {
    bar?.stop();
    const isNoFileOfEnvelopes = error instanceof CliError && error.code === NO_ENVELOPES;
    if (!json && !isNoFileOfEnvelopes) sayNote(`Stopped after ${summary(counts)}. ${AGAIN}`);
    throw error;
  } finally {
    process.removeListener('SIGINT', interrupt);
    source.destroy();
  }
  bar?.stop();
  const seconds = Math.round(performance.now() - begun) / 1000;
  if (json) sayJson({ ...counts, interrupted: stop.signal.aborted, seconds });
  else sayText(`${summary(counts)}, in ${seconds} s.`);
  if (stop.signal.aborted && !json) sayNote(`Interrupted. ${AGAIN}`);
  if (stop.signal.aborted || counts.rejected + counts.quarantined > 0) process.exitCode = 1;
}

/** Two signals within this many milliseconds count as one. */
const ONE_CTRL_C_MS = 1000;
function pass(): void {}

const AGAIN = 'Run the command again: lines that were accepted are recognised by their ids and change nothing.';

function summary({ accepted, rejected, quarantined }: Counts): string {
  return `${countOf(accepted + rejected + quarantined, 'envelope')}: ${accepted} accepted, ${rejected} rejected, ${quarantined} quarantined`;
}

function textOfFault(fault: Fault): string {
  const { line, outcome } = fault;
  return `line ${line}: ${outcome}: ${'problem' in fault ? briefWithout(outcome, fault.problem) : fault.reason}`;
}

/** @throws CliError when there is no such file */
async function open(file: string): Promise<{ readonly source: Readable; readonly bytes?: number }> {
  if (file === '-') return { source: process.stdin };
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw new Error('it is a folder');
    await access(file, constants.R_OK);
    return { source: createReadStream(file), ...(found.isFile() && { bytes: found.size }) };
  } catch (error) {
    throw new CliError('no-file', `${file} cannot be read: ${fileErrorOf(error)}.`);
  }
}

/** A progress bar, on a terminal only. It shows a percentage only if the size is known. */
function progressBar(bytes: number | undefined): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const counted = '{accepted} accepted, {rejected} rejected, {quarantined} quarantined';
  const bar = new SingleBar({
    format: bytes === undefined ? counted : `{bar} {percentage} %, ${counted}`,
    clearOnComplete: true,
    // Leaves line wrap on: by default the bar turns it off, and Ctrl-C would not turn it on again.
    linewrap: true,
  });
  bar.start(bytes ?? 1, 0, { accepted: 0, rejected: 0, quarantined: 0 });
  return bar;
}
