/** Every kill switch of the catalogue, held to its claims (test/kit/kill-switch-compliance.ts) in labs of either kind. */
import { killSwitchByReference, killSwitches } from '../../src/killswitches/index.ts';
import { killSwitchCompliance } from '../kit/kill-switch-compliance.ts';
import { labsIn, PLACES } from '../kit/lab-places.ts';

/** Kill switches as scenarios may name them, with parameters where the default would make the suite wait. */
const REFERENCES: readonly string[] = [
  ...killSwitches.map(({ id }) => (id.startsWith('app-') ? `${id}(poll=100ms)` : id)),
  'app-kill(notice=netlink)',
  'app-block(poll=100ms)+owner-match',
];

/** What takes more rights than a container of the lab has (docs/docker.md). */
const NOT_IN_CONTAINERS: readonly string[] = ['netns', 'systemd-restrict'];
/** What has the client bind itself. */
const BINDING: readonly string[] = ['client-bind', 'haugene'];
const NEEDS = killSwitches.flatMap(({ needs }) => needs);

for (const place of PLACES)
  describe(`kill switches in a lab in ${place.where}`, () => {
    const labs = labsIn(place, NEEDS);
    for (const reference of REFERENCES) {
      killSwitchCompliance(killSwitchByReference(reference), labs, {
        reference,
        members: reference.split('+').map(killSwitchByReference),
        notInContainers: NOT_IN_CONTAINERS.includes(reference),
        bindsClient: BINDING.includes(reference),
      });
    }
  });
