import { DEFAULT_PAGE } from '../core/limits/budgets.ts';
import { isClientError } from './error.ts';

/**
 * Requests a page; if the response would be larger than a Region can send, requests a shorter page.
 * @throws what `ask` throws
 */
export async function askPage<T>(ask: (limit: number) => Promise<T>, limit = DEFAULT_PAGE): Promise<T> {
  try {
    return await ask(limit);
  } catch (error) {
    if (limit === 1 || !isClientError(error, 'too-large')) throw error;
    return askPage(ask, limit >> 1);
  }
}
