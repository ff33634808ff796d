CREATE DATABASE `names: ärger & "quotes"` COMMENT 'back\\slash, `tick`, ''quote'' and ${dollar}';
CREATE TABLE `names: ärger & "quotes"`.`tick\`tick` (`col\`umn` UInt8 DEFAULT 1 COMMENT '${a}', `sp ace` String, `日本` String, `1` UInt8, `0` UInt8, `a.b` Array(UInt8), `a.c` Array(UInt8), `'` UInt8, `"` UInt8, `back\\slash` UInt8, `😀` String) ENGINE = MergeTree ORDER BY (`col\`umn`, `sp ace`) PARTITION BY `'`;
CREATE TABLE `names: ärger & "quotes"`.`select` (`from` UInt8, `where` String, `order` UInt8, `key` String, `index` UInt8, `projection` UInt8, `constraint` UInt8, `ttl` DateTime, `settings` UInt8, `comment` String COMMENT 'comment', `codec` UInt8 CODEC(ZSTD(1)), `primary` UInt8, `null` UInt8, `not` UInt8, `as` UInt8, `default` UInt8 DEFAULT 3, `alias` UInt8 ALIAS `default`, `engine` UInt8) ENGINE = MergeTree PRIMARY KEY (`from`, `key`) ORDER BY (`from`, `key`, `order`) TTL `ttl` + INTERVAL 1 DAY;
CREATE TABLE `names: ärger & "quotes"`.`123` (`class` UInt8, `constructor` UInt8, `__proto__` UInt8, `toString` UInt8) ENGINE = MergeTree ORDER BY `class`;
CREATE TABLE `names: ärger & "quotes"`.`new
line` (a UInt8) ENGINE = Memory COMMENT 'two
lines	and a tab';
CREATE TABLE `names: ärger & "quotes"`.`index.ts` (a UInt8) ENGINE = Memory;
CREATE TABLE `names: ärger & "quotes"`.`../up` (a UInt8) ENGINE = Memory;
CREATE TABLE `names: ärger & "quotes"`.`export const x = 1; //` (a UInt8) ENGINE = Memory;
CREATE TABLE `names: ärger & "quotes"`.`*/` (a UInt8) ENGINE = Memory;
CREATE TABLE `names: ärger & "quotes"`.Case (a UInt8) ENGINE = Memory;
CREATE TABLE `names: ärger & "quotes"`.`case` (a UInt8) ENGINE = Memory;
CREATE VIEW `names: ärger & "quotes"`.`view of "odd" names` AS SELECT `col\`umn`, `日本` AS `ü`, `😀` FROM `names: ärger & "quotes"`.`tick\`tick` AS `t t` WHERE `t t`.`'` = 1;
CREATE MATERIALIZED VIEW `names: ärger & "quotes"`.`mv 'x'` TO `names: ärger & "quotes"`.`index.ts` AS SELECT `1` AS a FROM `names: ärger & "quotes"`.`tick\`tick`;
CREATE DATABASE `index`;
CREATE DATABASE `1`;
CREATE DATABASE `names-2`;
CREATE DATABASE `names_2`;
CREATE TABLE `1`.`1` (`1` UInt8) ENGINE = MergeTree ORDER BY `1`;
CREATE TABLE `index`.`default` (a String DEFAULT 'x''y\\z`${1}') ENGINE = MergeTree ORDER BY a;
CREATE TABLE `names-2`.t (a UInt8) ENGINE = MergeTree ORDER BY a;
CREATE TABLE `names_2`.t (a UInt8) ENGINE = MergeTree ORDER BY a;
CREATE VIEW `names_2`.v AS SELECT a FROM `names-2`.t UNION ALL SELECT a FROM `names_2`.t UNION ALL SELECT `1` FROM `1`.`1`;
CREATE TABLE default.stray (a UInt8) ENGINE = MergeTree ORDER BY a;
