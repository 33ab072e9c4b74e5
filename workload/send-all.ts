import type { Operation } from './operation.ts';
import { Session, type SessionOptions } from './session.ts';

/**
 * Sends every operation in its session, not before its time. Resolves when all are over.
 * @param key what the ids begin with
 */
export async function sendAll(
  operations: readonly Operation[],
  options: Omit<SessionOptions, 'name'>,
  key = 'op',
): Promise<void> {
  const sessions = new Map<string, Session>();
  const sent = operations.map(async (operation, i) => {
    await options.surroundings.sleep(operation.at);
    const name = operation.session;
    const session = sessions.get(name) ?? new Session({ ...options, name });
    sessions.set(name, session);
    await session.send(operation, `${key}-${i + 1}`);
  });
  await Promise.all(sent);
}
