/** One row a product, with history. */
import { product } from '../domain/sales/product.ts';
import { boolean, choice, money, searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const products = recordModel('products', product, {
  version: 2,
  columns: {
    name: searchable(text),
    sku: searchable(text.optional),
    family: text.optional,
    unit: text.optional,
    taxClass: text.optional,
    recurring: boolean.optional,
    listPrice: money.optional,
    status: choice('ProductStatus', ['active', 'retired']),
  },
  indexes: [['name'], ['sku']],
  on: {
    ProductIntroduced: () => ({ status: 'active' }),
    ProductRetired: () => ({ status: 'retired' }),
    ProductReinstated: () => ({ status: 'active' }),
  },
});
