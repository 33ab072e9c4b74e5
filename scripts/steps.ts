/** Runs a step of a script, and records how long it took. */
export type Step = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

export interface DoneStep {
  readonly name: string;
  readonly seconds: number;
}

/** Prints that a step begins, on standard error: standard output is for the result. */
export function sayStep(name: string): void {
  process.stderr.write(`… ${name}\n`);
}

/** Steps that are printed as they begin, and those that are done. */
export function timedSteps(): { readonly step: Step; readonly steps: readonly DoneStep[] } {
  const steps: DoneStep[] = [];
  const step: Step = async (name, work) => {
    sayStep(name);
    const begun = performance.now();
    const result = await work();
    steps.push({ name, seconds: Number(((performance.now() - begun) / 1000).toFixed(1)) });
    return result;
  };
  return { step, steps };
}
