import type { Project } from '../project/project.ts';
import { sayNote } from './output.ts';

/** How a team begins, for somebody who is not in a project. */
export const BEGIN = `This folder is in no Meridian project. To begin one:
  meridian init shop
  cd shop && npm install && npm start`;

/** Of wrong usage. */
const EXIT_CODE = 2;

/** The project that a command works on; outside of one it says how to begin one, and ends the process. */
export function needProject(project: Project | undefined): Project {
  if (project) return project;
  sayNote(BEGIN);
  process.exit(EXIT_CODE);
}
