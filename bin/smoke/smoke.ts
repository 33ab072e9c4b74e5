import { randomUUID } from 'node:crypto';
import type { Domain } from '../../core/index.ts';
import type { Whereabouts } from '../client/open.ts';
import { codeOf, documentOf } from '../client/problem.ts';
import { type Advice, adviceOf, type Check, writing } from './advice.ts';
import type { ByName, Found } from './everywhere.ts';
import { planOf } from './plan.ts';
import { checkConfiguration, checkCredentials, checkDomain, checkReachable } from './read-checks.ts';
import { checkAppend, checkOnce, checkReplicated, checkTransaction, checkViews, type Lags } from './write-checks.ts';

/** The outcome of a check. */
export type Checked = { readonly check: Check } & (
  | { readonly outcome: 'passed'; readonly ms: number; readonly found: string }
  /** The domain does not allow the check, or the check writes and `--write` is missing. */
  | { readonly outcome: 'skipped'; readonly why: string }
  | ({ readonly outcome: 'failed'; readonly ms: number; readonly error: unknown; readonly problem: object } & Advice)
);

export interface SmokeOptions {
  readonly where: Whereabouts;
  readonly domain: Domain;
  readonly write: boolean;
  /** How long each check waits for events and rows to arrive. */
  readonly withinMs: number;
  /** Called as soon as a check is over. */
  readonly onChecked: (checked: Checked) => void;
}

export interface Smoked {
  readonly ok: boolean;
  /** The prefix of every id that was written; also the correlation of the commits. */
  readonly key: string;
  readonly checks: readonly Checked[];
  /** The lags between Regions; undefined if replication was not checked. */
  readonly lagMs?: Lags;
}

/** Thrown to end the run after a check has failed and its failure is printed. */
class Stopped extends Error {}

/** The checks of one run, one after the other. */
class Run {
  readonly checks: Checked[] = [];
  readonly #options: SmokeOptions;

  constructor(options: SmokeOptions) {
    this.#options = options;
  }

  /** @throws Stopped */
  async step<T>(check: Check, work: () => Promise<Found<T>>): Promise<T> {
    const begun = performance.now();
    const ms = () => Math.round(performance.now() - begun);
    try {
      const { found, value } = await work();
      this.#tell({ check, outcome: 'passed', ms: ms(), found });
      return value;
    } catch (error) {
      const advice = adviceOf(check, codeOf(error), this.#options.where.name);
      this.#tell({ check, outcome: 'failed', ms: ms(), error, problem: documentOf(error), ...advice });
      throw new Stopped();
    }
  }

  skip(check: Check, why: string): void {
    this.#tell({ check, outcome: 'skipped', why });
  }

  #tell(checked: Checked): void {
    this.checks.push(checked);
    this.#options.onChecked(checked);
  }
}

/** Runs the checks in their order, and ends with the first that fails. */
export async function smoke(options: SmokeOptions): Promise<Smoked> {
  const key = `smoke-${randomUUID().slice(0, 8)}`;
  const run = new Run(options);
  try {
    const regions = await readChecks(run, options, key);
    if (options.write)
      return { ok: true, key, checks: run.checks, lagMs: await writeChecks(run, options, { regions, key }) };
    for (const check of writing) run.skip(check, 'it writes, which needs --write');
    return { ok: true, key, checks: run.checks };
  } catch (error) {
    if (error instanceof Stopped) return { ok: false, key, checks: run.checks };
    throw error;
  }
}

async function readChecks(run: Run, { where, domain }: SmokeOptions, key: string): Promise<ByName> {
  await run.step('credentials', () => checkCredentials(where));
  const { regions, known } = await run.step('reachable', () => checkReachable(where));
  await run.step('configuration', async () => checkConfiguration(known));
  await run.step('domain', () => checkDomain(regions, domain, key));
  return regions;
}

async function writeChecks(
  run: Run,
  { domain, withinMs }: SmokeOptions,
  { regions, key }: { readonly regions: ByName; readonly key: string },
): Promise<Lags> {
  const plan = planOf(domain, [...regions.keys()], key);
  const { transaction, rows, missing } = plan;
  const written = await run.step('append', () => checkAppend(regions, plan, key));
  const lags = await run.step('replicated', () => checkReplicated(regions, written, withinMs));
  await run.step('once', () => checkOnce(regions, written, key));
  if (transaction) await run.step('transaction', () => checkTransaction(regions, transaction, withinMs));
  else run.skip('transaction', `the domain has ${missing.join(', and ')}`);
  if (rows.length > 0) await run.step('views', () => checkViews(regions, rows, withinMs));
  else run.skip('views', 'the domain has no view with a row of what was written');
  return lags;
}
