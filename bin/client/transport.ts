import type { OperateRequest } from '../../core/index.ts';
import type { ApiAnswer, ApiRequest } from './http.ts';

/** How a Region is reached. */
export interface Transport {
  /** The Region, as it is told: its name, or its address. */
  readonly name: string;
  /** @throws CliError, MeridianError */
  readonly send: (request: ApiRequest) => Promise<ApiAnswer>;
  /** One invocation of `operate`. @throws CliError, MeridianError */
  readonly operate: (request: OperateRequest) => Promise<unknown>;
  /** Another Region of the same deployment. @throws CliError when its address cannot be told from this one's */
  readonly sibling: (region: string) => Transport;
}
