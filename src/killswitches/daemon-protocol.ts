/** What the harness tells the process of a kill switch (daemon-program.ts) and what that process says: JSON, a line each. */
import * as z from 'zod';
import { SWITCH_STAGES } from '../records/timeline.ts';
import { stepSchema } from './steps.ts';

const noticeSchema = z.object({
  /** Seconds between two looks, or at each netlink event of the link, or never. */
  by: z.union([z.number().positive(), z.literal('netlink'), z.literal('nothing')]),
  /**
   * Seconds after which the tunnel also counts as lost when nothing comes out of it although something goes in; polling
   * only.
   */
  stallSeconds: z.number().positive().optional(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const serviceJobSchema = z.object({ originUnixNs: z.string(), device: z.string(), notice: noticeSchema });
export type ServiceJob = z.infer<typeof serviceJobSchema>;

/** Steps of the daemon when it sees the tunnel lost, and when it sees it again. */
const reactionSchema = z.object({
  kill: z.array(z.number().int().positive()),
  onLoss: z.array(stepSchema),
  onReturn: z.array(stepSchema),
});
export type Reaction = z.infer<typeof reactionSchema>;

export const orderSchema = z.discriminatedUnion('order', [
  z.object({ order: z.literal('run'), steps: z.array(stepSchema) }),
  z.object({ order: z.literal('react'), reaction: reactionSchema }),
  /** The tunnel is up and its user says so: see it now, whenever the next look is due. */
  z.object({ order: z.literal('see-tunnel') }),
]);
export type Order = z.infer<typeof orderSchema>;

/** `done` answers an order (and says that it watches, once at the start); `failed` answers one that could not be done. */
export const reportSchema = z.object({
  stage: z.enum([...SWITCH_STAGES, 'done', 'failed']),
  atNs: z.number().int(),
  /** Instant at which the order began; absent for what is no order. */
  beganNs: z.number().int().optional(),
  detail: z.string(),
});
export type Report = z.infer<typeof reportSchema>;
