// The process of a function, started by node_executor.py: loads the handler, then reads one invocation per line.
// Responses go to a separate descriptor, so that standard output has only the function's log.
import { existsSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const answers = Number(process.argv[2]);
function send(/** @type {boolean} */ ok, /** @type {unknown} */ body) {
  return writeSync(answers, `${JSON.stringify({ ok, body: body ?? null })}\n`);
}

function errorOf(/** @type {unknown} */ error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: 'Error', errorMessage: String(error), trace: [] };
}

async function load() {
  const [, module, name] = /^(.*)\.([^.]+)$/.exec(process.env._HANDLER ?? '') ?? [];
  const file = ['.mjs', '.cjs', '.js'].map((extension) => `${process.cwd()}/${module}${extension}`).find(existsSync);
  if (file === undefined || name === undefined) throw new Error(`There is no ${process.env._HANDLER}`);
  const exported = await import(pathToFileURL(file).href);
  const handler = exported[name] ?? exported.default?.[name];
  if (typeof handler !== 'function') throw new Error(`${process.env._HANDLER} is not a function`);
  return handler;
}

/** @param {string} requestId @param {string} arn */
function contextOf(requestId, arn) {
  const deadline = Date.now() + Number(process.env.AWS_LAMBDA_FUNCTION_TIMEOUT ?? 3) * 1000;
  return {
    awsRequestId: requestId,
    invokedFunctionArn: arn,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

const handler = await load().catch((/** @type {unknown} */ error) => {
  send(false, errorOf(error));
  process.exit(1);
});
send(true, undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const invocation = JSON.parse(line);
  process.env._X_AMZN_TRACE_ID = invocation['trace-id'] ?? '';
  const context = contextOf(invocation['invoke-id'], invocation['invoked-function-arn']);
  try {
    send(true, await handler(JSON.parse(invocation.payload || '{}'), context));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    send(false, errorOf(error));
  }
}
