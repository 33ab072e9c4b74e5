import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { briefOfDocument } from '../client/problem.ts';
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
  regionCommand(program, 'ingest', 'hand envelopes to a Region, one a line, as JSON: events or commands')
    .argument('<file>', 'the file; `-` reads standard input')
    .option('--force', 'quarantine what cannot be read, also when nothing at the beginning is an envelope')
    .addHelpText(
      'after',
      `
Every line needs an id, so that reading a file once more changes nothing:
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
    // Ctrl-C may come twice, from the terminal and from the process above. What comes later ends at once what does not end.
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
        // Over the bar, which is drawn anew below it.
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

/** Within so many milliseconds two signals are one. */
const ONE_CTRL_C_MS = 1000;
function pass(): void {}

const AGAIN = 'Run it again: what was accepted is known by its id and changes nothing.';

function summary({ accepted, rejected, quarantined }: Counts): string {
  return `${countOf(accepted + rejected + quarantined, 'envelope')}: ${accepted} accepted, ${rejected} rejected, ${quarantined} quarantined`;
}

function textOfFault(fault: Fault): string {
  return `line ${fault.line}: ${fault.outcome}: ${'problem' in fault ? briefOfDocument(fault.problem) : fault.reason}`;
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

/** A bar where somebody can see it. How far it is shows only where the size is known. */
function progressBar(bytes: number | undefined): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const counted = '{accepted} accepted, {rejected} rejected, {quarantined} quarantined';
  const bar = new SingleBar({
    format: bytes === undefined ? counted : `{bar} {percentage} %, ${counted}`,
    clearOnComplete: true,
    // Otherwise Ctrl-C leaves the terminal without line wrap.
    linewrap: true,
  });
  bar.start(bytes ?? 1, 0, { accepted: 0, rejected: 0, quarantined: 0 });
  return bar;
}
