import { Injectable } from '@nestjs/common';
import { CredentialsGuardOf } from './passport.guard.js';

/** Under /v2 only bearer tokens count: what else comes is answered with the challenge that leads to one. */
@Injectable()
export class CredentialsGuard extends CredentialsGuardOf('bearer') {}

/** /token takes a personal access token, as password of a Basic header. */
@Injectable()
export class LoginGuard extends CredentialsGuardOf('basic') {}
