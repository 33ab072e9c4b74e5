import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { openRegion } from './client/open.ts';
import { isRetryable } from './client/problem.ts';
import type { HealthShown, OutcomeShown } from './client/region.ts';
import { note, say, sayJson, told } from './output.ts';
import { type RegionOptions, wholeNumber } from './region-command.ts';
import { addMetaOptions, type MetaOptions, metaOf } from './submit.ts';

/** What a transaction can be given beside its participants. */
export interface TransactOptions extends RegionOptions, MetaOptions {
  readonly id?: string;
  readonly wait?: number;
  readonly timeout?: number;
}

/** A Region waits at most so many seconds. */
const MAX_WAIT_S = 50;
const MAX_TIMEOUT_S = 240;

export const addTransactOptions = (command: Command): Command =>
  addMetaOptions(
    command
      .optionsGroup('Transaction:')
      .option('--id <Region:key>', 'so that it happens once, however often it is sent; made and printed when not given')
      .option('--wait <seconds>', 'how long to wait for its outcome (default: 10)', wholeNumber(0, MAX_WAIT_S))
      .option('--timeout <seconds>', 'abort it if it takes longer (default: 30)', wholeNumber(1, MAX_TIMEOUT_S)),
  );

/** A transaction as the API takes it. */
export interface TransactionBody {
  readonly id?: unknown;
  readonly participants?: unknown;
  readonly checks?: unknown;
  readonly timeoutSeconds?: unknown;
  readonly meta?: unknown;
}

/**
 * Runs a transaction and prints what became of it; the exit code is 1 unless it is committed.
 * @param body is called once its other members are needed; what it throws is told
 * @param drivingRegion chooses the Region for an id that has to be made
 * @param done what it comes to when it is committed
 */
export const transact = (
  options: TransactOptions,
  body: () => TransactionBody,
  drivingRegion: (health: HealthShown) => string = ({ region }) => region,
  done?: () => string,
): Promise<void> =>
  told(options, async () => {
    const { json = false, wait, timeout } = options;
    const asked = body();
    const region = await openRegion(options);
    // Made here, so that a lost answer can be asked for.
    const id = options.id ?? asked.id ?? `${drivingRegion(await region.health())}:${randomUUID()}`;
    const timeoutSeconds = timeout ?? asked.timeoutSeconds;
    const meta = metaOf(options) ?? asked.meta;
    try {
      const outcome = await region.transact({ ...asked, id, timeoutSeconds, meta }, wait);
      if (done && outcome.state === 'committed' && !json) say(done());
      tellOutcome(outcome, json);
    } catch (error) {
      // It may be committed all the same, when only the answer was lost.
      if (isRetryable(error) && !json) note(`It may have been committed. To ask: npx meridian transaction ${id}`);
      throw error;
    }
  });

/** Prints what is known of a transaction; the exit code is 1 unless it is committed. */
export const tellOutcome = (outcome: OutcomeShown, json: boolean): void => {
  if (outcome.state !== 'committed') process.exitCode = 1;
  if (json) sayJson(outcome);
  else say(textOfOutcome(outcome));
};

const textOfOutcome = (outcome: OutcomeShown): string => {
  const { id } = outcome;
  switch (outcome.state) {
    case 'undecided':
      return `${id} is not decided yet. To ask: npx meridian transaction ${id}`;
    case 'aborted': {
      const { participant, reason } = outcome;
      return `${id} is aborted${participant === undefined ? '' : `, because of ${participant}`}: ${reason.code}: ${reason.detail}`;
    }
    case 'committed': {
      const { participants } = outcome;
      const width = Math.max(...participants.map(({ stream }) => stream.length));
      const lines = participants.map(
        ({ stream, log, position, version }) =>
          `  ${stream.padEnd(width)}  position ${position} of log ${log}  version ${version}`,
      );
      return [`${id} is committed.`, ...lines].join('\n');
    }
  }
};
