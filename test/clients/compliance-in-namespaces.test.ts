import { catalogueCompliance } from '../kit/catalogue-clients.ts';
import { IN_NAMESPACES } from '../kit/lab-places.ts';

catalogueCompliance(IN_NAMESPACES);
