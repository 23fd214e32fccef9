import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { issuedTokenSchema, issueTokenSchema } from './issue-token.dto.js';
import type { IssuedToken, IssueToken } from './issue-token.dto.js';
import { IssueTokenService } from './issue-token.service.js';

@ApiTags('demo')
@Controller('demo/token')
export class IssueTokenController {
  constructor(private readonly service: IssueTokenService) {}

  @Post()
  @ApiOperation({ summary: 'Issue a bearer token for a buyer of the demo data' })
  @ApiCreatedResponse({
    description: 'The token is short-lived. Ask for another one when it is refused.',
    standardSchema: issuedTokenSchema,
  })
  issue(@Body({ schema: issueTokenSchema }) { userId }: IssueToken): Promise<IssuedToken> {
    return this.service.issueFor(userId);
  }
}
