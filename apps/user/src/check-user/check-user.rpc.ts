import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { checkUser, parseAs } from '@rocketshop/contracts';
import { CheckUserService } from './check-user.service.js';

@Controller()
export class CheckUserRpc {
  constructor(private readonly service: CheckUserService) {}

  @MessagePattern(checkUser.pattern)
  check(@Payload() call: unknown) {
    return this.service.check(parseAs(checkUser.pattern, checkUser.call, call));
  }
}
