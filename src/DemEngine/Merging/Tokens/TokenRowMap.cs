using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>
/// Maps the rows of one tensor, in the order of the output's vocabulary, to their sources in each model. A model uses its own row
/// where it has the token. Otherwise it uses the row that a rule of the recipe names, else the base's, else the only one there is
/// or the average of those there are, and zeros if there is none. This order of precedence is mergekit's.
/// </summary>
/// <param name="table">Table of the tensor.</param>
/// <param name="vocabulary">Vocabulary of the output.</param>
/// <param name="rows">Number of rows of the vocabulary in the output, without those that the table has beyond it.</param>
/// <param name="models">Models of the recipe, the base first. Models that lack the tensor take no part.</param>
/// <param name="rules">Rules of the recipe, by token.</param>
/// <param name="find">Function that finds the model that a rule names.</param>
internal sealed class TokenRowMap(
    TokenTable table,
    Vocabulary vocabulary,
    long rows,
    IReadOnlyList<TokenModel> models,
    IReadOnlyDictionary<string, TokenRule> rules,
    Func<ModelPath, TokenModel> find)
{
    private static readonly RowFill Zeros = new([]);

    private readonly RowFill?[] _fills = new RowFill?[vocabulary.Size];
    private readonly List<string> _unknown = [];

    /// <summary>Tokens whose rows are zeros, since no model has one in this tensor and no rule gives one.</summary>
    public IReadOnlyList<string> Unknown => _unknown;

    /// <summary>Number of rows in the output.</summary>
    public long Rows { get; } = rows + table.Extra;

    /// <summary>Returns a model's tensor with the rows of the output.</summary>
    public TensorReader Rearrange(TokenModel model)
    {
        TensorReader own = model.Tensors.Find(table.Name)!;
        var sources = new int[Rows];
        var fills = ImmutableArray.CreateBuilder<RowFill>();
        var places = new Dictionary<RowFill, int>(ReferenceEqualityComparer.Instance);
        bool isSame = Rows == table.TokensOf(own);
        for (int id = 0; id < sources.Length; id++)
        {
            string? token = id < vocabulary.Size ? vocabulary.TokenOf(id) : null;
            sources[id] = token is not null ? OwnRow(token, model, own) ?? Place(FillOf(id, token, model))
                : id >= rows && model.Rows + (id - rows) < table.TokensOf(own) ? (int)(model.Rows + (id - rows))
                : PermutedEmbedding.Mean;
            isSame &= sources[id] == id;
        }

        return isSame
            ? own
            : new PermutedEmbedding(own, table.Axis, [.. sources], fills.ToImmutable());

        int Place(RowFill fill)
        {
            if (!places.TryGetValue(fill, out int place))
            {
                places.Add(fill, place = fills.Count);
                fills.Add(fill);
            }

            return PermutedEmbedding.Filled(place);
        }
    }

    /// <summary>Makes the error for a rule that names a token which its model does not have.</summary>
    public static DemException Lacks(TokenRule rule, TokenModel model, string token) =>
        rule.Place.Error(ErrorCode.WrongValue, $"{Quoted.Name(model.Name)} has no token {Quoted.Name(token)}");

    private int? OwnRow(string token, TokenModel model, TensorReader own) =>
        rules.TryGetValue(token, out TokenRule? rule) && rule.Force ? null : model.RowOf(token, own, table);

    // A vector holds differences, so a token that it lacks counts as unchanged.
    private RowFill FillOf(int id, string token, TokenModel model) =>
        model.IsVector ? Zeros : _fills[id] ??= Stated(token) ?? Default(token);

    private RowFill? Stated(string token)
    {
        if (!rules.TryGetValue(token, out TokenRule? rule))
            return null;
        switch (rule.Source)
        {
            case ZeroEmbedding:
                return Zeros;
            case ModelEmbedding from when find(from.Model) is var model && model.Tensors.Find(table.Name) is { } donor:
                return new RowFill([new DonorRow(donor, model.RowOf(token, donor, table) ?? throw Lacks(rule, model, token))]);
            case ModelTokenEmbedding from when find(from.Model) is var model && model.Tensors.Find(table.Name) is { } donor:
                long? row = from.Token is null ? from.Id : model.RowOf(from.Token, donor, table);
                return row < table.TokensOf(donor)
                    ? new RowFill([new DonorRow(donor, row.Value)])
                    : throw Lacks(rule, model, from.Token ?? $"of id {from.Id}");
            default:
                return null;
        }
    }

    private RowFill Default(string token)
    {
        DonorRow[] there =
        [
            .. models.Where(model => !model.IsVector)
                .Select(model => model.Tensors.Find(table.Name) is { } donor && model.RowOf(token, donor, table) is { } row
                    ? new DonorRow(donor, row)
                    : default)
                .Where(donor => donor.Tensor is not null),
        ];
        if (there.Length == 0)
        {
            // Where Gemma's embedding for each layer lacks a token, the model takes the row of token 0.
            if (table.IsPerLayer
                && models.FirstOrDefault(model => !model.IsVector && model.Vocabulary.Find(token) is not null) is { } owner
                && owner.Tensors.Find(table.Name) is { } first)
                return new RowFill([new DonorRow(first, 0)]);
            _unknown.Add(token);
        }

        // Integers have no average.
        bool isOne = there.Length > 0
            && (!there[0].Tensor.Spec.Type.IsFloat || there[0].Tensor == models[0].Tensors.Find(table.Name));
        return new RowFill(isOne ? [there[0]] : [.. there]);
    }
}
