import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

export interface OpenApiOptions {
  readonly title: string;
  readonly description: string;
  /** @default '1' */
  readonly version?: string;
}

/** Serves the OpenAPI page at /docs and the document at /docs-json. Nest adds the schemas of `@Body({ schema })`. */
export function setUpOpenApi(app: INestApplication, options: OpenApiOptions): void {
  const document = new DocumentBuilder()
    .setTitle(options.title)
    .setDescription(options.description)
    .setVersion(options.version ?? '1')
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document));
}
