import { otherMeridian } from '../project/own-package.ts';
import type { Project } from '../project/project.ts';
import { sayNote } from './output.ts';

/** How to create a project, printed if a command is used outside of a project. */
export const BEGIN = `This folder is not in a Meridian project. To create one:
  meridian init shop
  cd shop && npm install && npm start`;

/** The exit code for wrong usage. */
const EXIT_CODE = 2;

/**
 * Returns the project that a command works on. Outside of a project, or if the project has installed another copy of Meridian, prints
 * what to do and ends the process.
 */
export function needProject(project: Project | undefined): Project {
  if (!project) {
    sayNote(BEGIN);
    process.exit(EXIT_CODE);
  }
  const other = otherMeridian(project.folder);
  if (other !== undefined) {
    sayNote(
      `This command belongs to another copy of Meridian than the project's, which is in ${other}. Use \`npx meridian\` or \`npm start\`.`,
    );
    process.exit(EXIT_CODE);
  }
  return project;
}
