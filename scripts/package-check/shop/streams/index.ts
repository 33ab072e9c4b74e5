import { defineDomain, defineView } from '@meridian-es/meridian';
import { stock } from './stock.ts';

const inStock = defineView({ name: 'in-stock', of: stock, codeVersion: 1, kind: 'rows', row: (left) => ({ left }) });

export const domain = defineDomain({ streams: [stock], views: [inStock] });
