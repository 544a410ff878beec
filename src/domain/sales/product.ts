/** Product: something that is sold. Event shapes are a storage format. */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { ownership } from '../kernel/record.ts';
import { begun, call, part } from '../kernel/undo.ts';
import { Price, Text } from '../kernel/values.ts';

const details = {
  name: Text(200),
  sku: Text(60).optional(),
  family: Text(100).optional(),
  unit: Text(30).optional(),
  taxClass: Text(60).optional(),
  /** Sold again every period. */
  recurring: z.boolean().optional(),
  /** What it costs where no price book says otherwise. */
  listPrice: Price.optional(),
};

const events = defineEvents('product', {
  ProductIntroduced: described('Something that is sold was introduced.', { ...details, ...ownership }),
  ProductRetired: described('It is no longer sold.', {}),
  ProductReinstated: described('It is sold again.', {}),
});

export type Product = { readonly status: 'active' | 'retired' };

const define = command<Product>();

export const product = defineAggregate<Product, typeof events>({
  category: 'product',
  details,
  events,
  initial: { status: 'active' },
  evolve: {
    ProductIntroduced: () => ({ status: 'active' }),
    ProductRetired: () => ({ status: 'retired' }),
    ProductReinstated: () => ({ status: 'active' }),
  },
  undo: {
    ProductIntroduced: begun,
    ProductRetired: () => part('status', call('reinstateProduct')),
    ProductReinstated: () => part('status', call('retireProduct')),
  },
  commands: {
    introduceProduct: define({
      creates: true,
      description: 'Adds a product to the range.',
      input: { ...details, ...ownership },
      decide: input => [events.ProductIntroduced(input)],
    }),
    retireProduct: define({
      description: 'Takes a product out of the range; what was sold stays as it is.',
      input: {},
      decide: (_, s) => (s.status === 'retired' ? [] : [events.ProductRetired({})]),
    }),
    reinstateProduct: define({
      description: 'Takes a retired product into the range again.',
      input: {},
      decide: (_, s) => (s.status === 'active' ? [] : [events.ProductReinstated({})]),
    }),
  },
});
