/** An event of some 700 bytes: about as long as the app's, with all that its envelope says. */
import { jsonEvent } from '@eventstore/db-client';

export const usualEvent = () =>
  jsonEvent({
    type: 'OpportunityAmountChanged',
    data: {
      amount: { amount: '125000.50', currency: 'EUR' },
      reason: 'a second site was added to the order',
    },
    metadata: {
      $causationId: '01890a5d-ac96-774b-bcce-b302099a8057',
      $correlationId: '01890a5d-ac96-774b-bcce-b302099a8057',
      actor: { id: '01890a5d-ac96-774b-bcce-b302099a8058', type: 'user' },
      commandId: '01890a5d-ac96-774b-bcce-b302099a8057',
      eventVersion: 1,
      inputHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      occurredAt: '2024-01-03T08:00:00.000Z',
      recordedAt: '2024-01-03T08:00:00.000Z',
      workspaceId: 'default',
    },
  });
