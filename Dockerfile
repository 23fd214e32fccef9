# One image a program: docker build --build-arg APP=order -t rocketshop-order .
# The stages before `tree` are the same for every program, so they are built once. Works with the classic builder.
FROM node:24-bookworm-slim AS manifests
WORKDIR /rocketshop
COPY . /src
# Only the manifests, so that changing a source file does not install everything again.
RUN cp /src/package.json /src/package-lock.json . \
 && cd /src && find apps libs bench test tools examples -name package.json -not -path '*/node_modules/*' \
    -exec sh -c 'mkdir -p "/rocketshop/$(dirname "$1")" && cp "$1" "/rocketshop/$1"' _ {} \;

FROM node:24-bookworm-slim AS build
WORKDIR /rocketshop
COPY --from=manifests /rocketshop ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY tsconfig.json tsconfig.base.json ./
COPY libs libs
COPY apps apps
RUN node_modules/.bin/tsc -b apps/order apps/stock apps/coupon apps/user apps/pay apps/pay-provider apps/nameserver apps/broker

# What this one program needs at run time, and nothing that only builds or tests it.
FROM build AS tree
COPY tools/production-tree.mjs tools/
ARG APP
RUN node tools/production-tree.mjs "$APP" /tree

FROM node:24-bookworm-slim
WORKDIR /rocketshop
ENV NODE_ENV=production
COPY --from=tree /tree ./
RUN mkdir -p /data && chown node:node /data
VOLUME /data
USER node
ARG APP
ENV APP=${APP}
CMD ["sh", "-c", "exec node --enable-source-maps apps/$APP/dist/main.js"]
