import type { Rule } from 'eslint';

export declare const docComment: Rule.RuleModule;
