import ts from 'typescript';

/** A call of a service that some code makes. */
export interface Call {
  /** `dynamodb`, `sqs` … as in IAM. */
  readonly service: string;
  /** The command, such as `Query`, or the kind of an item in a transaction, such as `TransactWriteItem.Put`. */
  readonly operation: string;
  /** The environment variables that name the called resource: those passed to its adapter. */
  readonly on: readonly string[];
}

const SDK = /node_modules\/@aws-sdk\/(?:client|lib)-([a-z]+)\//;
/**
 * The document client's commands, whose names are shorter than the operations that they send; those with equal names are missing.
 */
const DOCUMENT_COMMANDS: Readonly<Record<string, string>> = {
  BatchGet: 'BatchGetItem',
  BatchWrite: 'BatchWriteItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
  Put: 'PutItem',
  TransactGet: 'TransactGetItems',
  TransactWrite: 'TransactWriteItems',
  Update: 'UpdateItem',
};
const SERVICES: Readonly<Record<string, string>> = { eventbridge: 'events', sfn: 'states' };
/** The members of an SDK's type that need separate permissions. */
const ITEM_TYPES = new Set(['TransactWriteItem', 'TransactGetItem']);

/** The operation that a command sends: `PutItem` for both `PutItemCommand` and the document client's `PutCommand`. */
export function operationOf(command: string): string {
  return DOCUMENT_COMMANDS[command] ?? command;
}

/**
 * Finds what each entry file's code calls, by following every function that it names. A member of an object (such as an adapter's
 * function) counts only if visited code names that member of the object's type, because an adapter may have more commands than
 * one function uses.
 * @returns the calls by entry file
 */
export function callsOf(entries: readonly string[]): ReadonlyMap<string, readonly Call[]> {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const program = ts.createProgram(entries, options);
  return new Map(entries.map((entry) => [entry, new Walk(program, entry).calls]));
}

/** A part of the code, and the variables that its adapter was created with. */
interface Visit {
  readonly node: ts.Node;
  readonly on: readonly string[];
}

class Walk {
  readonly #checker: ts.TypeChecker;
  readonly #visited = new Set<string>();
  readonly #ids = new Map<ts.Node, number>();
  readonly #open: Visit[] = [];
  /** Members that are visited once the member that they implement is named. */
  readonly #members = new Map<ts.Node | string, Visit[]>();
  readonly #named = new Set<ts.Node | string>();
  readonly #calls = new Map<string, Call>();

  constructor(program: ts.Program, entry: string) {
    this.#checker = program.getTypeChecker();
    const file = program.getSourceFile(entry);
    if (file === undefined) throw new Error(`${entry} is not there`);
    // A module runs when it is imported, and its importer calls its exports.
    this.#open.push({ node: file, on: [] });
    const module = this.#checker.getSymbolAtLocation(file);
    for (const { declarations = [] } of module ? this.#checker.getExportsOfModule(module) : [])
      for (const declaration of declarations) this.#declared(declaration, []);
    for (let next = this.#open.pop(); next; next = this.#open.pop()) this.#visit(next);
  }

  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  #push(visit: Visit): void {
    const key = `${this.#idOf(visit.node)} ${visit.on.join()}`;
    if (this.#visited.has(key)) return;
    this.#visited.add(key);
    this.#open.push(visit);
  }

  #idOf(node: ts.Node): number {
    const id = this.#ids.get(node) ?? this.#ids.size;
    this.#ids.set(node, id);
    return id;
  }

  #visit({ node, on }: Visit): void {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    // A function has no effect before it is named: see #declared.
    if (partsOf(node)) return;
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) this.#name(node, on);
    else if (ts.isObjectLiteralExpression(node)) this.#object(node, on);
    else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const given = variablesIn(node.arguments ?? []);
      // An adapter that is created with a variable calls the resource that the variable names.
      this.#push({ node: node.expression, on: given.length > 0 ? given : on });
      for (const argument of node.arguments ?? []) this.#push({ node: argument, on });
    } else node.forEachChild((child) => this.#push({ node: child, on }));
  }

  /** Members are postponed if their type is one of ours. */
  #object(node: ts.ObjectLiteralExpression, on: readonly string[]): void {
    const type = this.#checker.getContextualType(node);
    for (const property of node.properties) {
      const name = property.name;
      const symbol = name && ts.isIdentifier(name) ? type?.getProperty(name.text) : undefined;
      const declarations = (symbol?.declarations ?? []).filter(
        (declaration) => ts.isPropertySignature(declaration) || ts.isMethodSignature(declaration),
      );
      for (const declaration of declarations) this.#item(declaration, on);
      const ours = declarations.filter((declaration) => !declaration.getSourceFile().fileName.includes('node_modules'));
      const value = ts.isPropertyAssignment(property) ? property.initializer : property;
      if (ours.length === 0) this.#push({ node: value, on });
      for (const member of ours.map((declaration) => this.#memberOf(declaration))) {
        if (this.#named.has(member)) this.#push({ node: value, on });
        this.#members.set(member, [...(this.#members.get(member) ?? []), { node: value, on }]);
      }
    }
  }

  /** The identity of a member: ports with the same name and type in two interfaces are the same port. */
  #memberOf(declaration: ts.PropertySignature | ts.MethodSignature): ts.Node | string {
    if (ts.isMethodSignature(declaration) || !declaration.type) return declaration;
    // An optional port is declared as `Port | undefined`.
    const types = ts.isUnionTypeNode(declaration.type) ? declaration.type.types : [declaration.type];
    const reference = types.find(ts.isTypeReferenceNode);
    if (!reference) return declaration;
    const [type] = this.#checker.getTypeFromTypeNode(reference).symbol?.declarations ?? [];
    return type === undefined ? declaration : `${declaration.name.getText()} ${this.#idOf(type)}`;
  }

  /** `{ Put: … }` in a transaction. */
  #item(declaration: ts.PropertySignature | ts.MethodSignature, on: readonly string[]): void {
    const [, client] = SDK.exec(declaration.getSourceFile().fileName) ?? [];
    if (client === undefined) return;
    // It is an interface in the client, and a type alias in the document client.
    const isNamed = (node: ts.Node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    const owner = ts.findAncestor(declaration, isNamed)?.name.text;
    if (owner !== undefined && ITEM_TYPES.has(owner)) this.#call(client, `${owner}.${declaration.name.getText()}`, on);
  }

  #name(node: ts.Identifier | ts.PrivateIdentifier, on: readonly string[]): void {
    let symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? this.#checker.getShorthandAssignmentValueSymbol(node.parent)
      : this.#checker.getSymbolAtLocation(node);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = this.#checker.getAliasedSymbol(symbol);
    // In `const { load } = store`, `load` names a variable, but the member of the store is used too.
    if (ts.isBindingElement(node.parent)) {
      const bound = node.parent.propertyName ?? node.parent.name;
      if (ts.isIdentifier(bound)) {
        const member = this.#checker.getTypeAtLocation(node.parent.parent).getProperty(bound.text);
        for (const declaration of member?.declarations ?? []) this.#declared(declaration, on);
      }
    }
    for (const declaration of symbol?.declarations ?? []) this.#declared(declaration, on);
  }

  #declared(declaration: ts.Declaration, on: readonly string[]): void {
    const [, client] = SDK.exec(declaration.getSourceFile().fileName) ?? [];
    const name = ts.getNameOfDeclaration(declaration)?.getText() ?? '';
    if (client !== undefined) {
      const [, command, page] = /^(?:(\w+)Command|paginate(\w+))$/.exec(name) ?? [];
      const sent = command ?? page;
      if (sent !== undefined) this.#call(client, operationOf(sent), on);
      return;
    }
    if (declaration.getSourceFile().fileName.includes('node_modules')) return;
    if (ts.isPropertySignature(declaration) || ts.isMethodSignature(declaration)) {
      const member = this.#memberOf(declaration);
      if (this.#named.has(member)) return;
      this.#named.add(member);
      for (const visit of this.#members.get(member) ?? []) this.#push(visit);
      return;
    }
    // Parameters and destructured names hold values that were visited at their origin.
    if (ts.isParameter(declaration) || ts.isBindingElement(declaration)) return;
    for (const part of partsOf(declaration) ?? [declaration]) this.#push({ node: part, on });
  }

  #call(client: string, operation: string, on: readonly string[]): void {
    const call = { service: SERVICES[client] ?? client, operation, on };
    this.#calls.set(JSON.stringify(call), call);
  }
}

/**
 * The parts of a declared function, declared as a function or as a constant: its parameters, which may destructure an object, and
 * its body.
 */
function partsOf(node: ts.Node): readonly ts.Node[] | undefined {
  if (ts.isFunctionDeclaration(node)) return node.body && [...node.parameters, node.body];
  const value = ts.isVariableDeclaration(node) ? node.initializer : undefined;
  return value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) ? [value] : undefined;
}

/** The X of every `env.X` and `process.env.X` that is passed as an argument, even inside an object, but not inside another call. */
function variablesIn(nodes: readonly ts.Node[]): string[] {
  return nodes.flatMap((node) => {
    if (ts.isPropertyAccessExpression(node) && isEnvironment(node.expression)) return [node.name.text];
    if (ts.isObjectLiteralExpression(node)) return variablesIn(node.properties);
    if (ts.isPropertyAssignment(node)) return variablesIn([node.initializer]);
    return [];
  });
}

function isEnvironment(node: ts.Expression): boolean {
  return ts.isIdentifier(node) ? node.text === 'env' : ts.isPropertyAccessExpression(node) && node.name.text === 'env';
}
