import { LAMBDA_PAYLOAD_BYTES } from '../../core/limits/aws.ts';
import { MAX_BODY_BYTES } from '../../core/limits/budgets.ts';
import { CliError } from './cli-error.ts';

/** An answer that no Region of Meridian gives. */
export function unexpectedAnswer(name: string, status: number, body: string): CliError {
  if (status === 403)
    return new CliError(
      'forbidden',
      `${name} does not take the signature: your credentials need lambda:InvokeFunctionUrl and lambda:InvokeFunction on the api function.`,
    );
  if (status === 413)
    return new CliError(
      'too-large',
      `${name} takes no request of that size: a Function URL carries ${LAMBDA_PAYLOAD_BYTES} bytes, one request of the API ${MAX_BODY_BYTES}.`,
    );
  if (status === 429 || status >= 500)
    return new CliError('broken', `${name} answered ${status}: ${body.slice(0, 200)}. Try again.`);
  return new CliError(
    'unexpected-answer',
    `${name} answered ${status}, but not as a Region of Meridian does: check the address.`,
  );
}

/** A result that no `operate` function of this version gives. */
export function unexpectedResult(name: string, action: string): CliError {
  return new CliError(
    'unexpected-answer',
    `${name} did not answer ${action} as expected: does it run this version of Meridian?`,
  );
}
