import type { ClientOptions } from '../../client/options.ts';
import type { OperateRequest } from '../../core/wire/operate.ts';

/** How requests reach a Region. */
export interface Transport {
  /** Sends to this Region only: a user who names a Region wants that Region's response. */
  readonly client: ClientOptions;
  /** What the user can do when nothing listens at the address. */
  readonly hint: string;
  /** One invocation of `operate`. @throws CliError, ClientError, MeridianError */
  readonly operate: (request: OperateRequest) => Promise<unknown>;
  /** Another Region of the same deployment. @throws CliError when its address cannot be derived from this one's */
  readonly sibling: (region: string) => Transport;
}
