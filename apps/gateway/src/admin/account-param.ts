import { Param } from '@nestjs/common';
import { isNameComponent } from '#oci';
import { Problem } from './problem.js';

/** A user or organisation that the path names. Errors: Problem 404 for what none can be called. */
export const AccountParam = (name: string) =>
  Param(name, {
    transform(login: string): string {
      if (isNameComponent(login.toLowerCase())) return login;
      throw new Problem(404, 'No such user or organisation');
    },
  });
