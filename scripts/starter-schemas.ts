import { updateContract } from '../schemas/update-contract.ts';
import { domain } from '../starter/streams/index.ts';

// `npm run schemas:starter`: what `meridian schemas --release` would write in the project that `meridian init` makes.
const { ok, lines } = updateContract(domain, 'starter/schemas', { release: true, accept: true });
for (const line of lines) process.stdout.write(`${line}\n`);
process.exitCode = ok ? 0 : 1;
