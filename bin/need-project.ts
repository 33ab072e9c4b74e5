import type { Project } from '../project/project.ts';
import { sayNote } from './output.ts';

/** Shown outside of a project: how to start one. */
export const BEGIN = `This folder is not in a Meridian project. To start one:
  meridian init shop
  cd shop && npm install && npm start`;

/** The exit code for wrong usage. */
const EXIT_CODE = 2;

/** The project that a command works on. Outside of a project it prints how to start one, and ends the process. */
export function needProject(project: Project | undefined): Project {
  if (project) return project;
  sayNote(BEGIN);
  process.exit(EXIT_CODE);
}
