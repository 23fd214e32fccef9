import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { goodsListSchema } from './list-goods.dto.js';
import type { GoodsList } from './list-goods.dto.js';
import { ListGoodsService } from './list-goods.service.js';

@ApiTags('goods')
@Controller('goods')
export class ListGoodsController {
  constructor(private readonly service: ListGoodsService) {}

  @Get()
  @ApiOperation({ summary: 'List the goods with their price, and how many can be ordered at this moment' })
  @ApiOkResponse({
    description: 'All goods, sorted by id. Prices are minor units as text.',
    standardSchema: goodsListSchema,
  })
  list(): Promise<GoodsList> {
    return this.service.list();
  }
}
