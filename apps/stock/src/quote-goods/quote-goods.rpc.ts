import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, quoteGoods } from '@rocketshop/contracts';
import { QuoteGoodsService } from './quote-goods.service.js';

@Controller()
export class QuoteGoodsRpc {
  constructor(private readonly service: QuoteGoodsService) {}

  @MessagePattern(quoteGoods.pattern)
  quote(@Payload() call: unknown) {
    return this.service.quote(parseAs(quoteGoods.pattern, quoteGoods.call, call));
  }
}
