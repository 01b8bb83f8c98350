using System.Text.Json.Nodes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>An architecture of mixtures that dense models can become: its tensors' names and its configuration.</summary>
internal abstract class MixtureLayout
{
    /// <summary>Name of the architecture, for people.</summary>
    public abstract string Name { get; }

    /// <summary>Words for the architecture in recipes, in lower case; mergekit's are among them.</summary>
    public abstract IReadOnlyList<string> Words { get; }

    /// <summary>The <c>model_type</c> of the dense models that can become this.</summary>
    public abstract IReadOnlyList<string> Sources { get; }

    /// <summary>Whether the layers' attention needs biases, which are zeros where the dense model has none.</summary>
    public virtual bool NeedsBiases => false;

    /// <summary>Says why the architecture does not have the recipe's shared experts; null if it has them.</summary>
    public abstract string? RefusalOf(MixtureRecipe recipe);

    /// <summary>Name of an expert's matrix.</summary>
    public abstract string Expert(int layer, int expert, MlpMatrix matrix);

    /// <summary>Name of a shared expert's matrix.</summary>
    public virtual string Shared(int layer, MlpMatrix matrix) => throw new NotSupportedException();

    /// <summary>Name of a layer's router, [experts, hidden size].</summary>
    public virtual string Router(int layer) => $"model.layers.{layer}.mlp.gate.weight";

    /// <summary>Name of the gate of a layer's shared expert, [1, hidden size]; null if there is none.</summary>
    public virtual string? SharedGate(int layer) => null;

    /// <summary>Turns the configuration of the dense model into the mixture's.</summary>
    /// <param name="config">Configuration of the dense model, with all that it leaves to its class spelt out.</param>
    /// <param name="recipe">The recipe.</param>
    /// <returns>Warnings for the user.</returns>
    public abstract IEnumerable<string> Describe(JsonObject config, MixtureRecipe recipe);

    /// <summary>Refuses shared experts.</summary>
    protected string? NoShared(MixtureRecipe recipe) =>
        recipe.SharedExperts.Count == 0 ? null : $"{Name} has no shared experts";

    /// <summary>States the class of the model.</summary>
    protected static void Rename(JsonObject config, string type, string name)
    {
        config["architectures"] = new JsonArray(name);
        config["model_type"] = type;

        // Code of the dense model's own is not that of the mixture, and kinds of layers are listed by its class.
        config.Remove("auto_map");
        config.Remove("layer_types");
        config.Remove("max_window_layers");
    }

    /// <summary>Leaves out windows of attention that the dense model has and the mixture has not in the same way.</summary>
    protected IEnumerable<string> WithoutWindow(JsonObject config)
    {
        string? window = config["sliding_window"]?.ToJsonString();
        bool isUsed = config["use_sliding_window"] is JsonValue flag && flag.TryGetValue(out bool uses) ? uses : true;
        config["sliding_window"] = null;
        if (config.ContainsKey("use_sliding_window"))
            config["use_sliding_window"] = false;
        if (isUsed && window is not null)
            yield return $"the base model's attention sees {window} tokens back; {Name}'s sees all, as with mergekit";
    }
}
