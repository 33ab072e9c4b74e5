import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { projectErrorLog } from '../../../bin/start/error-log.ts';
import { MeridianError } from '../../../core/index.ts';

const SHOP = '/home/ada/shop';

/** An error with the stack that Node would give it in these places. */
function thrownIn(places: readonly string[], message = 'no stock'): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...places.map((place) => `    at f (${place})`)].join('\n');
  return error;
}

function aLog() {
  const printed: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    printed.push(String(chunk));
    return true;
  });
  onTestFinished(() => spy.mockRestore());
  return { log: projectErrorLog(SHOP), printed };
}

const foreign = Array.from({ length: 8 }, (_, i) => `${pathToFileURL(`${SHOP}/node_modules/axios/${i}.js`).href}:1:1`);
const own = `${pathToFileURL(`${SHOP}/subscribers/picker.ts`).href}:7:3`;

describe('the errors that meridian start prints', () => {
  it("are those of the project, each printed once, with the lines of the stack that are in the project's files", () => {
    const { log, printed } = aLog();
    for (const error of [thrownIn([...foreign, own]), thrownIn([...foreign, own]), thrownIn(foreign)])
      log.warn('Will be redelivered', { error });
    // What has no line of the project is not the project's code, but may be about what it returned.
    expect(printed).toEqual([`Will be redelivered: no stock\n    at f (${own})\n`, 'Will be redelivered: no stock\n']);
  });

  it('include none that Meridian explains to the caller, or that ends by itself', () => {
    const { log, printed } = aLog();
    log.warn('Will be redelivered', { error: new MeridianError('unavailable', 'Not now.', { retryable: true }) });
    expect(printed).toEqual([]);
  });

  it('include what a subscriber throws, with the first message and Region of each error, even if no line of the stack is in the project or there is no stack', () => {
    const { log, printed } = aLog();
    const bare = new Error('no answer');
    delete bare.stack;
    for (const error of [thrownIn(foreign), bare, 'waits for its predecessor'])
      for (const region of ['us-east-1', 'us-west-2'])
        log.warn('Will be redelivered', {
          error,
          subscriber: 'picker',
          about: `Taken of stock/${region}.lamp`,
          region,
        });
    const failed =
      'Subscriber picker failed on Taken of stock/us-east-1.lamp in us-east-1, and its message is redelivered:';
    expect(printed).toEqual([
      `${failed} no stock\n${foreign
        .slice(0, 5)
        .map((place) => `    at f (${place})`)
        .join('\n')}\n`,
      `${failed} no answer\n`,
    ]);
  });

  it("include one line for each of a subscriber's messages that moves to the dead-letter queue, with the first line of the last error", () => {
    const { log, printed } = aLog();
    const details = { subscriber: 'picker', region: 'us-east-1', deadLetter: 'Taken of stock/us-east-1.lamp' };
    const gaveUp =
      'Subscriber picker gave up on Taken of stock/us-east-1.lamp in us-east-1, and its message is in the dead-letter queue: ';
    for (const error of [thrownIn(foreign, 'The warehouse is closed.\nTry later.'), 'waits for another', undefined])
      log.error('Moved to the dead-letter queue', { ...details, error });
    expect(printed).toEqual([
      `${gaveUp}The warehouse is closed. A restart delivers it again.\n`,
      `${gaveUp}waits for another. A restart delivers it again.\n`,
      `${gaveUp}its function timed out, or its process ended. A restart delivers it again.\n`,
    ]);
  });
});
