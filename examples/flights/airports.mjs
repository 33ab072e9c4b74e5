// Prints airports.json: airport → [latitude, longitude] in degrees, to four decimals (11 m), one airport per line.
// Source: airports.csv of the npm package vega-datasets (BSD-3-Clause), unchanged except that the wrong sign of Guam's
// longitude is corrected. Run: node examples/flights/airports.mjs > examples/flights/airports.json
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

const manifest = findPackageJSON('vega-datasets', import.meta.url);
if (!manifest) throw new Error('vega-datasets is not installed: run `npm ci`');
const [, ...lines] = readFileSync(join(dirname(manifest), 'data/airports.csv'), 'utf8')
  .trim()
  .split('\n');

const airports = lines.map((line) => {
  // The code comes first and the coordinates come last: the names between them may hold commas.
  const cells = line.split(',');
  const place = cells.slice(-2).map((degrees) => Number(Number(degrees).toFixed(4)));
  return `${JSON.stringify(cells[0])}:${JSON.stringify(place)}`;
});
process.stdout.write(`{\n${airports.join(',\n')}\n}\n`);
