import type { ClientOptions } from '../../client/options.ts';
import type { OperateRequest } from '../../core/wire/operate.ts';

/** How a Region is reached. */
export interface Transport {
  /** Of this Region only: who names a Region wants to see that one. */
  readonly client: ClientOptions;
  /** What to do when nothing listens there. */
  readonly hint: string;
  /** One invocation of `operate`. @throws CliError, ClientError, MeridianError */
  readonly operate: (request: OperateRequest) => Promise<unknown>;
  /** Another Region of the same deployment. @throws CliError when its address cannot be told from this one's */
  readonly sibling: (region: string) => Transport;
}
