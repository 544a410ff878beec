/** Ids that tests can tell apart at a glance. */
import type { Id } from '../../src/domain/kernel/values.ts';

/** `id(7)` is `00000000-0000-7000-8000-000000000007`. */
export const id = (n: number): Id => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

export const [ACME, GLOBEX, INITECH] = [id(0xa1), id(0xa2), id(0xa3)];
export const [ANN, BOB, CAROL] = [id(0xb1), id(0xb2), id(0xb3)];
export const [WIDGET, GADGET] = [id(0xc1), id(0xc2)];
