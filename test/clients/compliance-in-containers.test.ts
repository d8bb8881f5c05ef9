import { catalogueCompliance } from '../kit/catalogue-clients.ts';
import { IN_CONTAINERS } from '../kit/lab-places.ts';

catalogueCompliance(IN_CONTAINERS);
