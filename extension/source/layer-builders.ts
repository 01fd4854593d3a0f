import { callSitesOf, lastNameOf, type CallSite } from './call-sites.ts';
import { fits } from './assigned.ts';
import type { ClassRef, CodeBase } from './code-base.ts';
import type { PythonFunction } from './python-syntax.ts';

/** Where code builds a layer that names itself: by the name it is given, else by its class and a count. */
export interface LayerBuilder {
	/** Null for a class that only its own name speaks for. */
	readonly site: CallSite | null;
	readonly class: ClassRef | null;
	readonly className: string;
	/** The name it is given, `*` for what only running would tell; null where it is given none. */
	readonly given: string | null;
	/** The name that its framework makes from its class, without a count. */
	readonly automatic: string;
	readonly attribute: string;
}

type Framework = 'keras' | 'flax' | 'paddle';

const frameworks: readonly (readonly [Framework, RegExp])[] = [
	['flax', /^(flax|haiku|hk)\b/],
	['paddle', /^(paddle|ppdet|paddlenlp)\b/],
	[
		'keras',
		/^(tensorflow|tf|keras|tf_keras|keras_core|keras_nlp|keras_hub|tensorflow_addons|tfa|sonnet)\b|(^|\.)layers\.[A-Z]\w*$|modeling_tf_utils|^TF[A-Z]\w*$/,
	],
];

const frameworkOf = (name: string) => frameworks.find(([, names]) => names.test(name))?.[0];

/** Every layer that the workspace's Keras, Flax or Paddle code builds. */
export function layerBuilders(code: CodeBase): LayerBuilder[] {
	const kinds = new Map<ClassRef['class'], Framework | undefined>();
	const kindOf = (ref: ClassRef) => {
		if (!kinds.has(ref.class)) {
			const bases = code.foreignBases(ref).map(frameworkOf);
			kinds.set(
				ref.class,
				bases.find((found) => found !== undefined),
			);
		}
		return kinds.get(ref.class);
	};
	const built = code.modules
		.flatMap((module) => callSitesOf(module))
		.flatMap((site) => builderOf(site, lastNameOf(site.call)));
	const alone = code.classes().flatMap((ref): LayerBuilder[] => {
		const kind = kindOf(ref);
		const { name } = ref.class;
		return kind
			? [{ site: null, class: ref, className: name, given: null, automatic: automaticName(name, kind), attribute: '' }] // prettier-ignore
			: [];
	});
	return [...built, ...alone];

	function builderOf(site: CallSite, className: string): LayerBuilder[] {
		const { call, module, target } = site;
		if (call.callee.kind !== 'name' || !/^[A-Z]/.test(className)) return [];
		const meaning = code.meaning(call.callee.name, module, call.line);
		const ref = meaning.kind === 'class' ? meaning : null;
		const kind = ref
			? kindOf(ref)
			: meaning.kind === 'foreign'
				? frameworkOf(meaning.name)
				: undefined;
		if (!kind) return [];
		return [
			{
				site,
				class: ref,
				className,
				given: nameGiven(site, ref?.class.methods.get('__init__')),
				automatic: automaticName(className, kind),
				attribute: /^\w+\.(\w+)$/.exec(target)?.[1] ?? '',
			},
		];
	}
}

function nameGiven({ call }: CallSite, init: PythonFunction | undefined): string | null {
	const name = call.keywords.get('name') ?? init?.defaults.get('name');
	return name?.kind === 'text' ? name.value : null;
}

/** How frameworks name what is given no name: `MultiHeadAttention` is `multi_head_attention`, in Flax itself. */
function automaticName(className: string, kind: Framework): string {
	if (kind === 'flax') return className;
	return className
		.replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
		.replace(/([a-z])([A-Z])/g, '$1_$2')
		.toLowerCase();
}

/** How well the name of a scope in the graph fits what a builder builds, 0 for not at all to 1. */
export function fitOf({ given, automatic, attribute }: LayerBuilder, scope: string): number {
	const plain = scope.replace(/_\d+$/, '');
	if (given !== null && given !== '*') {
		if (given === scope) return 1;
		// the same layer called again has a count after its name
		if (given === plain) return 0.9;
		if (given.includes('*') && (fits(given, scope) || fits(given, plain))) return 0.9;
	}
	if (given === null && (automatic === scope || automatic === plain)) return 0.7;
	return attribute !== '' && (attribute === scope || attribute === plain) ? 0.5 : 0;
}
