/** An error of the command line itself, not of a Region: reported without a stack trace, with exit code 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** A code for machines, such as `unreachable` or `no-file`. */
  readonly code: string;

  /** @param message says what to do */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
