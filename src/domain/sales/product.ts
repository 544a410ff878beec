/** Product: something that is sold. Event shapes are a storage format. */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { ownership } from '../kernel/record.ts';
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
  },
});
