namespace DemEngine.Adapters;

/// <summary>How the tensors of a written adapter are named.</summary>
internal enum AdapterLayout
{
    /// <summary>A folder of PEFT: <c>base_model.model.….lora_A.weight</c>, scaled by its configuration.</summary>
    Peft,

    /// <summary>A single file as kohya-ss writes it: <c>….lora_down.weight</c>, with α beside.</summary>
    SingleFile,
}
