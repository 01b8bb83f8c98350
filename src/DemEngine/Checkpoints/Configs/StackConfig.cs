using System.Text.Json.Nodes;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Configs;

/// <summary>
/// Adapts a configuration to a stack of layers taken from several places: the number of layers, and every key that tells one
/// layer from another. What cannot be adapted is refused, so that no model is written whose layers are read as layers of
/// another kind.
/// </summary>
internal sealed class StackConfig
{
    private static readonly string[] LayerKeys = ["num_hidden_layers", "n_layer", "n_layers", "num_layers", "depth"];
    private static readonly string[] DecoderLayerKeys = ["num_decoder_layers", "decoder_layers"];

    private readonly ModelConfig _config;
    private readonly string _stack;
    private readonly int _baseCount;
    private readonly int _predictionLayers;
    private readonly IReadOnlyList<StackedLayer> _layers;
    private readonly string[] _ofBase;
    private readonly string[] _ofOutput;
    private readonly List<string> _remarks = [];

    private StackConfig(
        ModelConfig config, string stack, int baseCount, int predictionLayers, IReadOnlyList<StackedLayer> layers)
    {
        _config = config;
        _stack = stack;
        _baseCount = baseCount;
        _predictionLayers = predictionLayers;
        _layers = layers;
        _ofBase = [.. Enumerable.Repeat("", baseCount)];
        _ofOutput = [.. Enumerable.Repeat("", layers.Count)];
    }

    /// <summary>Adapts the base's configuration.</summary>
    /// <param name="config">Configuration of the base, which is changed.</param>
    /// <param name="stack">Path of the stack: the names of its tensors up to the layer's number.</param>
    /// <param name="baseCount">Number of layers that the base has in this stack.</param>
    /// <param name="predictionLayers">Number of layers for multi-token prediction that follow in the same list.</param>
    /// <param name="layers">The output's layers.</param>
    /// <exception cref="DemException">
    /// DEM2028 (LayersDoNotFit): a key gives the layers other kinds in the output, and no value of it would be right.
    /// </exception>
    public static StackedKinds Amend(
        ModelConfig config, string stack, int baseCount, int predictionLayers, IReadOnlyList<StackedLayer> layers) =>
        new StackConfig(config, stack, baseCount, predictionLayers, layers).Run();

    private StackedKinds Run()
    {
        JsonObject[] sections = [.. _config.SectionsOf(_stack)];
        bool hasNumber = false;
        bool hasList = false;
        for (int s = 0; s < sections.Length; s++)
        {
            // Facts are read before the number of layers changes.
            LayerFacts facts = FactsOf(_config, s, _baseCount);
            hasList |= facts.All.Any(fact => fact is ListFact or TextFact);
            hasNumber |= SetNumber(sections[s]);
            AmendSection(sections[s], facts, s);
        }

        if (!hasNumber && !hasList && _layers.Count != _baseCount)
            throw new DemException(
                ErrorCode.LayersDoNotFit,
                $"{ModelConfig.FileName}: no key for the number of layers of {Quoted.Name(_stack)} is known here, such as "
                + "num_hidden_layers, so that it would state another number than there are",
                remedy: "Keep the number of layers, or add the key to config.json.");
        CheckFeatureLayers();
        return new StackedKinds(_ofBase, _ofOutput, _remarks);
    }

    private bool SetNumber(JsonObject section)
    {
        string[] path = _stack.Split('.');

        // T5's decoder has as many layers as its encoder unless a key of its own says otherwise.
        if (HasEncoderAndDecoder(section) && !DecoderLayerKeys.Any(section.ContainsKey)
            && LayerRules.Number(section, "num_layers") is { } both)
            _config.Set(section, DecoderLayerKeys[0], JsonValue.Create(both));
        string[] keys = path.Contains("decoder", StringComparer.Ordinal) && DecoderLayerKeys.Any(section.ContainsKey)
            ? [.. DecoderLayerKeys.Where(section.ContainsKey)]
            :
            [
                .. LayerKeys.Concat(path.Contains("encoder", StringComparer.Ordinal) ? ["encoder_layers"] : [])
                    .Where(section.ContainsKey),
            ];
        string[] right = [.. keys.Where(key => LayerRules.Number(section, key) == _baseCount)];
        foreach (string key in right.Length > 0 ? right : keys)
        {
            if (_config.HasStacked(section, key) && LayerRules.Number(section, key) != _layers.Count)
                throw new DemException(
                    ErrorCode.LayersDoNotFit,
                    $"{ModelConfig.FileName}: {key} counts the layers of {Quoted.Name(_stack)} and of another stack, which would "
                    + "have different numbers of layers",
                    remedy: "Take the same layers for both.");
            _config.SetStacked(section, key, _layers.Count);
        }

        return keys.Length > 0;
    }

    private void AmendSection(JsonObject section, LayerFacts ofBase, int index)
    {
        var others = new Dictionary<(ModelConfig, int), LayerFacts>();
        LayerFacts? FactsOfLayer(StackedLayer layer)
        {
            if (layer.Config is null)
                return null;
            if (!others.TryGetValue((layer.Config, layer.Count), out LayerFacts? facts))
                others.Add((layer.Config, layer.Count), facts = FactsOf(layer.Config, index, layer.Count));
            return facts;
        }

        LayerFacts?[] facts = [.. _layers.Select(FactsOfLayer)];
        foreach (string subject in ofBase.All.Where(fact => !fact.IsSpare).Select(fact => fact.Subject).Distinct())
        {
            LayerFact fact = ofBase.Find(subject)!;
            string[] kinds = [.. _layers.Select((layer, place) => KindOf(fact, layer, facts[place]))];
            for (int layer = 0; layer < _baseCount; layer++)
                _ofBase[layer] += $"{subject}: {fact.Kinds[layer]}; ";
            for (int place = 0; place < kinds.Length; place++)
                _ofOutput[place] += $"{subject}: {kinds[place]}; ";
            Write(section, fact, kinds);
        }

        foreach (LayerFact spare in ofBase.All.Where(fact => fact.IsSpare))
            WriteSpare(section, spare, facts);
        foreach (string key in ofBase.Unknown)
        {
            for (int place = 0; place < _layers.Count; place++)
            {
                if (facts[place]?.IsSame(key, section[key], _layers[place].Layer, place) != true)
                    throw DoesNotFit(key, place);
            }
        }

        RefuseOtherFacts(ofBase, facts);
    }

    /// <summary>What the model of a layer says of it.</summary>
    private static string KindOf(LayerFact fact, StackedLayer layer, LayerFacts? facts)
    {
        if (facts?.Find(fact.Subject) is { } own)
            return own.Kinds[layer.Layer];
        return fact is IndexFact && facts is not null
            ? "false"
            : throw new DemException(
                ErrorCode.LayersDoNotFit,
                $"{ModelConfig.FileName}: {KeyOf(fact)} tells layers apart in the base, and not in {Quoted.Name(layer.Model)}, "
                + "from which layers are taken");
    }

    private void Write(JsonObject section, LayerFact fact, string[] kinds)
    {
        if (fact.Solve(kinds) is not { } values)
        {
            int place = Enumerable.Range(0, kinds.Length)
                .FirstOrDefault(k => k >= _baseCount || kinds[k] != fact.Kinds[k]);
            throw DoesNotFit(KeyOf(fact), place);
        }

        foreach (var (key, value) in values)
        {
            bool isNew = !section.ContainsKey(key);
            _config.Set(section, key, value);
            if (isNew)
                _remarks.Add(
                    $"config.json: {Named(key)} is added, since the kinds of the stacked layers no longer follow from their "
                    + "numbers; programs that do not read it will take the layers for others");
        }
    }

    /// <summary>Adapts a key that repeats what a list says; where it cannot, the list stays right and the key does not.</summary>
    private void WriteSpare(JsonObject section, LayerFact spare, LayerFacts?[] facts)
    {
        string[] kinds = new string[_layers.Count];
        for (int place = 0; place < kinds.Length; place++)
        {
            if (facts[place]?.All.FirstOrDefault(fact => fact.IsSpare && fact.Keys.SequenceEqual(spare.Keys)) is not { } own)
                return;
            kinds[place] = own.Kinds[_layers[place].Layer];
        }

        if (spare is RuleFact rule
            && Enumerable.Range(0, kinds.Length).All(place => kinds[place] == rule.Rule(place, kinds.Length)))
            return;
        if (spare.Solve(kinds) is { } values && values.Keys.All(spare.Keys.Contains))
        {
            foreach (var (key, value) in values)
                _config.Set(section, key, value);
            return;
        }

        _remarks.Add(
            $"config.json: {KeyOf(spare)} no longer fits the stacked layers; the list that newer programs read does");
    }

    /// <summary>Refuses layers that their model tells apart by a key that the base has not.</summary>
    private void RefuseOtherFacts(LayerFacts ofBase, LayerFacts?[] facts)
    {
        foreach (var models in _layers.Select((layer, place) => (Layer: layer, Facts: facts[place]))
            .Where(one => one.Facts is not null && one.Layer.Config != _config).GroupBy(one => one.Facts!))
        {
            foreach (LayerFact fact in models.Key.All.Where(fact => !fact.IsSpare && ofBase.Find(fact.Subject) is null))
            {
                if (models.Select(one => fact.Kinds[one.Layer.Layer]).Distinct().Skip(1).Any())
                    throw new DemException(
                        ErrorCode.LayersDoNotFit,
                        $"{ModelConfig.FileName}: {KeyOf(fact)} tells layers of {Quoted.Name(models.First().Layer.Model)} apart, "
                        + "and the base has no such key");
            }
        }
    }

    /// <summary>Refuses to move layers of a vision tower that the language model picks by their numbers.</summary>
    private void CheckFeatureLayers()
    {
        if (!_config.IsVision(_stack))
            return;
        foreach (var (key, value) in _config.Root)
        {
            if (!key.StartsWith("vision_feature_layer", StringComparison.Ordinal))
                continue;
            foreach (JsonNode? item in value is JsonArray list ? list : new JsonArray(value?.DeepClone()))
            {
                if (item is JsonValue number && number.TryGetValue(out int layer) && layer > 0 && layer <= _layers.Count
                    && (_layers[layer - 1].Layer != layer - 1 || layer > _baseCount))
                    throw DoesNotFit(key, layer - 1);
            }
        }
    }

    private LayerFacts FactsOf(ModelConfig config, int section, int count)
    {
        JsonObject[] sections = [.. config.SectionsOf(_stack)];
        JsonObject one = section < sections.Length ? sections[section] : [];
        return new LayerFacts(
            one,
            count,
            _predictionLayers,
            TypeOf(one) ?? TypeOf(config.Root) ?? "",
            section == sections.Length - 1,
            key => IsOfStack(key, one));
    }

    private static bool HasEncoderAndDecoder(JsonObject section) =>
        section["is_encoder_decoder"] is JsonValue value && value.TryGetValue(out bool isBoth) && isBoth;

    private static string? TypeOf(JsonObject section) =>
        section["model_type"] is JsonValue value && value.TryGetValue(out string? type) ? type : null;

    /// <summary>Whether a key may be about this stack: not one about another part of the model.</summary>
    private bool IsOfStack(string key, JsonObject section)
    {
        string[] path = _stack.Split('.');
        bool hasTwo = DecoderLayerKeys.Any(section.ContainsKey) || HasEncoderAndDecoder(section);
        string word = key.Split('_')[0];
        return word switch
        {
            "encoder" => !hasTwo || !path.Contains("decoder", StringComparer.Ordinal),
            "decoder" => !hasTwo || !path.Contains("encoder", StringComparer.Ordinal),
            "vision" or "visual" or "image" or "video" or "audio" => false,
            _ => true,
        };
    }

    private static string KeyOf(LayerFact fact) => Named(fact.Keys.Count > 0 ? fact.Keys[0] : fact.Subject);

    // A key is in messages without quotes, and a damaged file may have any text as one.
    private static string Named(string key) => Quoted.Plain(key, 200);

    private DemException DoesNotFit(string key, int place) => new(
        ErrorCode.LayersDoNotFit,
        $"{ModelConfig.FileName}: {Named(key)} decides by its number what kind a layer of {Quoted.Name(_stack)} is, and layer "
        + $"{place} of the output, which is layer {_layers[place].Layer} of {Quoted.Name(_layers[place].Model)}, "
        + "would be of another kind");
}
