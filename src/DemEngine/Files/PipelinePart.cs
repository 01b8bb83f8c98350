using System.Collections.Immutable;

namespace DemEngine.Files;

/// <summary>A component of a diffusers pipeline, which takes its own part of an adapter that changes several.</summary>
/// <param name="Component">Name of the component, such as <c>text_encoder_2</c>.</param>
/// <param name="All">Names of all components of the pipeline that have weights.</param>
internal sealed record PipelinePart(string Component, ImmutableArray<string> All)
{
    private static readonly string[] Denoisers = ["unet", "transformer", "prior"];

    /// <summary>Name of the component that the words before an adapter's modules stand for.</summary>
    /// <param name="word">The words, such as <c>lora_te2_</c>; empty where there are none.</param>
    public string ComponentOf(string word) => word switch
    {
        "lora_te_" or "lora_te1_" or "text_encoder." => "text_encoder",
        "lora_te2_" or "text_encoder_2." => "text_encoder_2",
        "lora_te3_" or "text_encoder_3." => "text_encoder_3",

        // Trainers call the network that removes the noise lora_unet in every pipeline, also where it is a transformer.
        _ => Denoisers.FirstOrDefault(name => All.Contains(name, StringComparer.Ordinal)) ?? Denoisers[0],
    };
}
