import { describe, expect, it } from 'vitest';
import { Process } from '../../../world/services/process.ts';

/** A process, and what has happened in it. */
function aProcess() {
  const log: string[] = [];
  const time = { now: 0 };
  const process = new Process(
    () => time.now,
    () => log.push('exit'),
  );
  const call = (name: string, answer: Promise<string>) =>
    process
      .call(
        () => {
          log.push(`call ${name}`);
          return answer;
        },
        () => log.push(`answer ${name}`),
      )
      .then(
        (value) => log.push(value),
        (error: Error) => log.push(error.message),
      );
  return { process, log, time, call };
}

/** Lets every promise continue. */
function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a process', () => {
  it('makes calls at once while it runs, and gets their results and errors', async () => {
    const { log, call } = aProcess();
    void call('a', Promise.resolve('done'));
    void call('b', Promise.reject(new Error('failed')));
    expect(log).toEqual(['call a', 'call b']);
    await settled();
    expect(log.slice(2)).toEqual(['answer a', 'done', 'failed']);
  });

  it('makes a call while it is frozen only when it is thawed', async () => {
    const { process, log, call } = aProcess();
    process.freeze();
    void call('a', Promise.resolve('done'));
    await settled();
    expect(log).toEqual([]);
    process.thaw();
    await settled();
    expect(log).toEqual(['call a', 'answer a', 'done']);
    process.freeze();
    process.thaw();
    await settled();
    expect(log).toEqual(['call a', 'answer a', 'done']);
  });

  it('gets the result of a call only when it is thawed, if it was frozen meanwhile', async () => {
    const { process, log, call } = aProcess();
    const { promise, resolve } = Promise.withResolvers<string>();
    void call('a', promise);
    process.freeze();
    resolve('done');
    await settled();
    expect(log).toEqual(['call a']);
    process.thaw();
    await settled();
    expect(log).toEqual(['call a', 'answer a', 'done']);
  });

  it('makes no call and gets no result once it has ended', async () => {
    const { process, log, call } = aProcess();
    const { promise, resolve } = Promise.withResolvers<string>();
    void call('a', promise);
    process.freeze();
    void call('b', promise);
    process.end();
    process.thaw();
    resolve('done');
    void call('c', promise);
    await settled();
    expect([process.hasEnded, log]).toEqual([true, ['call a']]);
    process.exit();
    expect(log).toEqual(['call a', 'exit']);
  });

  it('knows how long it was frozen', () => {
    const { process, time } = aProcess();
    time.now = 10;
    process.freeze();
    time.now = 15;
    process.freeze();
    process.thaw();
    time.now = 100;
    process.thaw();
    process.freeze();
    time.now = 101;
    process.thaw();
    expect(process.frozenMs).toBe(6);
  });
});
