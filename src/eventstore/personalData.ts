/** Where personal fields are sealed before they are stored and opened after they are read. */
import type { EventType } from '../domain/kernel/events.ts';

type Data = Record<string, unknown>;

/** Both work on an event's whole data and touch `eventType.personal` alone; the stream names the default subject. */
export type PersonalDataCipher = {
  readonly seal: (eventType: EventType, stream: string, data: Data) => Data;
  readonly open: (eventType: EventType, stream: string, data: Data) => Data;
};

/** Keeps personal fields readable: encryption under the subject's key is a cipher of its own. */
export const plainPersonalData: PersonalDataCipher = {
  seal: (_type, _stream, data) => data,
  open: (_type, _stream, data) => data,
};
