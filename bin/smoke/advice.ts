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

const API_LOG = 'Read the log of the function <name>-api in that Region.';

/** By the code of the error; where that is not listed, what a failure of the check means in general. */
const advice: Readonly<Record<Check, { readonly otherwise: Advice; readonly [code: string]: Advice }>> = {
  credentials: {
    otherwise: {
      means: 'No AWS credentials were found, or they have expired: nothing was sent.',
      todo: 'Sign in (`aws sso login`) or set AWS_PROFILE, until `aws sts get-caller-identity` shows the account of the deployment.',
    },
  },
  reachable: {
    otherwise: {
      means: 'A Region of this deployment does not answer: its stack failed, or its function api cannot start.',
      todo: `Look at the stack <name>-<region> in CloudFormation. ${API_LOG}`,
    },
    'not-found': {
      means: 'There is no function <name>-api: another name, another account, or the stack of that Region is missing.',
      todo: 'Compare --name and --region with the outputs of `meridian deploy` and with regions.json; deploy again if a stack is missing.',
    },
    forbidden: {
      means: 'The Region is there and refuses the signature.',
      todo: 'Allow lambda:InvokeFunctionUrl and lambda:InvokeFunction on <name>-api; check the clock of this machine.',
    },
    unavailable: {
      means: 'The function or its table could not be asked, or your credentials may not look up its URL.',
      todo: `Allow lambda:GetFunctionUrlConfig on <name>-api. ${API_LOG}`,
    },
    unreachable: {
      means: 'Nothing listens there: nothing was sent.',
      todo: 'Check the address, and that this machine reaches it; for a local world, run `npm start`.',
    },
    'unexpected-answer': {
      means: 'Something answers that is not a Region of Meridian.',
      todo: 'Check the address. A world is named as http://127.0.0.1:4700/regions/us-east-1.',
    },
    'unknown-address': {
      means: 'The address of one Region does not tell where the others are.',
      todo: 'Name a Region with --region and --name instead of --url.',
    },
  },
  configuration: {
    otherwise: {
      means: 'The Regions were deployed with different lists of Regions: a deployment stopped half way.',
      todo: 'Run `meridian deploy` again, and write nothing before all stacks have the same list.',
    },
  },
  domain: {
    otherwise: {
      means: 'A Region could not read: its function api may not read its table, or the table is not there.',
      todo: API_LOG,
    },
    'unknown-stream-type': {
      means: 'A Region runs another domain than this project.',
      todo: 'Deploy this project, or run the command in the project that was deployed.',
    },
    'unknown-view': {
      means: 'A Region runs another domain than this project.',
      todo: 'Deploy this project, or run the command in the project that was deployed.',
    },
    'domain-differs': {
      means: 'A Region runs an older or newer domain than this project. The mode of a type cannot change.',
      todo: 'Run the command in the project that was deployed; give a type of another mode another name.',
    },
  },
  append: {
    otherwise: {
      means:
        'A Region did not take an append: its function api may not write its table, or the domain refuses the sample.',
      todo: `Read the code above: a refusal is in the domain's code, anything else in the log of <name>-api of that Region.`,
    },
    'no-sample': {
      means: 'Nothing can be written with the samples of this domain. Nothing was.',
      todo: 'Give an event that may come first a `sample`, or write with `meridian append` and read it in every Region.',
    },
    'region-unreachable': {
      means: 'The Region could not invoke the home Region of the stream.',
      todo: 'Look at the function <name>-command of the home Region, and at the role of <name>-api.',
    },
  },
  replicated: {
    otherwise: {
      means: 'A Region that had answered before does not answer any more.',
      todo: API_LOG,
    },
    'not-replicated': {
      means: 'Replication is behind, or does not work: the global table has no replica there, or a clock is wrong.',
      todo: 'Look at the replicas of the table <name>-events in DynamoDB, and at node_modules/@meridian-es/meridian/docs/runbooks/replication.md. Then run this again, with a longer --within.',
    },
  },
  once: {
    otherwise: {
      means:
        'An append that was sent again to another Region was not answered; one to a home stream is passed on by <name>-api to <name>-command.',
      todo: 'Look at the function <name>-command of the home Region, and at the role of <name>-api.',
    },
    'written-twice': {
      means: 'The same append, sent again under its id, changed the stream again. That must not happen.',
      todo: 'Do not use this deployment. Keep the output, and report it.',
    },
  },
  transaction: {
    otherwise: {
      means:
        'A transaction over two Regions did not commit: the decisions table, or the function participant of one Region.',
      todo: 'Look at node_modules/@meridian-es/meridian/docs/runbooks/stuck-transactions.md, and at the logs of <name>-coordinate and <name>-participant in both Regions.',
    },
    'not-replicated': {
      means: 'It is committed, but not visible everywhere: replication is behind.',
      todo: 'Look at node_modules/@meridian-es/meridian/docs/runbooks/replication.md.',
    },
  },
  views: {
    otherwise: {
      means: 'A view could not be read.',
      todo: API_LOG,
    },
    'no-row': {
      means: 'The events are there and the view is not: the function projection does not run, or fails.',
      todo: 'Look at the queue and the log of <name>-projection in that Region, and at node_modules/@meridian-es/meridian/docs/runbooks/backlog.md.',
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
