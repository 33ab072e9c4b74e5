import { updateContract } from '../schemas/update-contract.ts';
import { domain } from '../starter/streams/index.ts';

// `npm run schemas:starter`: writes the starter's schemas, as `meridian schemas --release` does in a project.
const { ok, lines } = updateContract(domain, 'starter/schemas', { release: true, accept: true });
for (const line of lines) process.stdout.write(`${line}\n`);
process.exitCode = ok ? 0 : 1;
