// node --import <this file> makes Node change one compiled file while it loads it. PLANT is {"file","from","to"}; see plants.ts.
import { register } from 'node:module';

register('./plant-hooks.js', import.meta.url);
