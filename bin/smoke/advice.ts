import { ownPage } from '../../project/own-package.ts';

/** The checks, in their order. */
export const checks = [
  'credentials',
  'reachable',
  'configuration',
  'domain',
  'append',
  'replicated',
  'once',
  'transaction',
  'views',
] as const;

export type Check = (typeof checks)[number];

/** The checks that need `--write`. */
export const writing: readonly Check[] = ['append', 'replicated', 'once', 'transaction', 'views'];

/** What the failure of a check means, and what to do. */
export interface Advice {
  readonly means: string;
  readonly todo: string;
}

const RUNBOOKS = ownPage('runbooks');
const API_LOG = 'Read the log of the function <name>-api in that Region.';

/** Advice by check and by the code of its error. `otherwise` is for codes that are not listed. */
const advice: Readonly<Record<Check, { readonly otherwise: Advice; readonly [code: string]: Advice }>> = {
  credentials: {
    otherwise: {
      means: 'No AWS credentials were found, or they have expired: nothing was sent.',
      todo: 'Sign in (`aws sso login`) or set AWS_PROFILE, until `aws sts get-caller-identity` shows the account of the deployment.',
    },
  },
  reachable: {
    otherwise: {
      means: 'A Region of this deployment does not respond: its stack failed, or its function api cannot start.',
      todo: `Look at the stack <name>-<region> in CloudFormation. ${API_LOG}`,
    },
    'not-found': {
      means:
        'There is no function <name>-api: the name or the account is wrong, or the stack of that Region is missing.',
      todo: 'Compare --name and --region with the outputs of `meridian deploy` and with regions.json; deploy again if a stack is missing.',
    },
    forbidden: {
      means: 'The Region is deployed, but refuses the signature.',
      todo: 'Allow lambda:InvokeFunctionUrl and lambda:InvokeFunction on <name>-api; check the clock of this machine.',
    },
    unavailable: {
      means: 'The function or its table did not respond, or your credentials may not look up its URL.',
      todo: `Allow lambda:GetFunctionUrlConfig on <name>-api. ${API_LOG}`,
    },
    unreachable: {
      means:
        'The address is wrong, its server does not run or its certificate is refused, or this machine cannot connect to it. Nothing was sent.',
      todo: 'Check the address, and that this machine can reach it; for a local world, run `npm start`.',
    },
    'unexpected-answer': {
      means: 'A server responds at the address, but it is not a Region of Meridian.',
      todo: 'Check the address. The form for a local world is http://127.0.0.1:4700/regions/us-east-1.',
    },
    'unknown-address': {
      means: 'The addresses of the other Regions cannot be derived from the given address.',
      todo: 'Name a Region with --region and --name instead of --url.',
    },
  },
  configuration: {
    otherwise: {
      means: 'The Regions were deployed with different lists of Regions: a deployment stopped halfway.',
      todo: 'Run `meridian deploy` again, and write nothing before all stacks have the same list.',
    },
  },
  domain: {
    otherwise: {
      means: 'A Region could not read its table: the function api lacks the permission, or the table does not exist.',
      todo: API_LOG,
    },
    'unknown-stream-type': {
      means: "A Region runs a domain that differs from this project's.",
      todo: 'Deploy this project, or run the command in the project that was deployed.',
    },
    'unknown-view': {
      means: "A Region runs a domain that differs from this project's.",
      todo: 'Deploy this project, or run the command in the project that was deployed.',
    },
    'domain-differs': {
      means: 'A Region runs an older or newer domain than this project. The mode of a type cannot change.',
      todo: 'Run the command in the project that was deployed. If the mode of a type is to change, give the type a new name.',
    },
  },
  append: {
    otherwise: {
      means:
        'A Region refused an append: its function api may not write to its table, or the domain refuses the sample.',
      todo: `Look at the code above: a refusal comes from the domain; the cause of anything else is in the log of <name>-api in that Region.`,
    },
    'no-sample': {
      means: 'The samples of this domain do not allow any append. Nothing was written.',
      todo: 'Give a `sample` to an event that can be the first of its stream, or append by hand with `meridian append` and read the stream in every Region.',
    },
    'region-unreachable': {
      means: 'The Region could not invoke the home Region of the stream.',
      todo: 'Look at the function <name>-command of the home Region, and at the role of <name>-api.',
    },
  },
  replicated: {
    otherwise: {
      means: 'A Region that responded before no longer responds.',
      todo: API_LOG,
    },
    'not-replicated': {
      means: 'Replication is behind or broken: the global table has no replica in a Region, or a clock is wrong.',
      todo: `Look at the replicas of the table <name>-events in DynamoDB, and at ${RUNBOOKS}/replication.md. Then run this again, with a longer --within.`,
    },
  },
  once: {
    otherwise: {
      means:
        'An append that was sent again to another Region got no response. For a home stream, <name>-api passes it on to <name>-command.',
      todo: 'Look at the function <name>-command of the home Region, and at the role of <name>-api.',
    },
    'written-twice': {
      means: 'The same append, sent again under its id, changed the stream a second time. That must never happen.',
      todo: 'Do not use this deployment. Keep this output, and report it as a bug.',
    },
  },
  transaction: {
    otherwise: {
      means:
        'A transaction over two Regions did not commit: the cause is the decisions table, or the function participant in one of the Regions.',
      todo: `Look at ${RUNBOOKS}/stuck-transactions.md, and at the logs of <name>-coordinate and <name>-participant in both Regions.`,
    },
    'not-replicated': {
      means: 'The transaction is committed, but not visible everywhere: replication is behind.',
      todo: `Look at ${RUNBOOKS}/replication.md.`,
    },
  },
  views: {
    otherwise: {
      means: 'A view could not be read.',
      todo: API_LOG,
    },
    'no-row': {
      means: 'The events have arrived but the view has no row: the function projection does not run, or fails.',
      todo: `Look at the queue and the log of <name>-projection in that Region, and at ${RUNBOOKS}/backlog.md.`,
    },
  },
};

/** What the failure of a check with this code means. @param name the prefix of the deployed names */
export function adviceOf(check: Check, code: string, name: string): Advice {
  const { [check]: ofCheck } = advice;
  const { means, todo } = (Object.hasOwn(ofCheck, code) ? ofCheck[code] : undefined) ?? ofCheck.otherwise;
  const named = (text: string) => text.replaceAll('<name>', name);
  return { means: named(means), todo: named(todo) };
}
